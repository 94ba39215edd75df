// What skin and hair share: one key light with a shadow map, a sky over a floor, and the film's response.
// Colours are linear RGB until `tone`.
uniform vec3 light_direction;  // view space, towards the light
uniform vec3 light_colour;
uniform vec3 sky_colour;
uniform vec3 ground_colour;
uniform float exposure;
uniform vec3 hair_colour;
uniform float greyness;  // 0 to 1, how much of the hair is grey
uniform sampler2D shadow_map;

const vec3 GREY_HAIR = vec3(0.27, 0.265, 0.26);
const vec3 RIM_COLOUR = vec3(0.3);
const vec3 RIM_DIRECTION = vec3(0.85, 0.25, -0.45);

// 1 in the light, 0 in shadow; five taps soften the edge.
float lit(vec4 position, float bias) {
    vec3 place = position.xyz * 0.5 + 0.5;
    vec2 taps[5] = vec2[5](vec2(0), vec2(0.7, 0.3), vec2(-0.3, 0.7), vec2(-0.7, -0.3), vec2(0.3, -0.7));
    float sum = 0.0;
    for (int i = 0; i < 5; i++) {
        float nearest = texture(shadow_map, place.xy + taps[i] * 0.006).r;
        sum += clamp((nearest - (place.z - bias)) * 220.0 + 1.0, 0.0, 1.0);
    }
    return sum / 5.0;
}

// Filmic curve, gamma 2.2, and a tenth of the colour taken out as a camera does.
vec3 tone(vec3 c) {
    c *= exposure;
    c = (c * (2.51 * c + 0.03)) / (c * (2.43 * c + 0.59) + 0.14);
    c = pow(clamp(c, 0.0, 1.0), vec3(1.0 / 2.2));
    return mix(vec3(dot(c, vec3(0.3, 0.59, 0.11))), c, 0.90);
}

vec3 ambient(vec3 normal) {
    return mix(ground_colour, sky_colour, 0.5 + 0.5 * normal.y);
}
