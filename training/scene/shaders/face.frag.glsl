#version 330
// Skin, eyes, mouth and clothes. Wrapped diffuse light with a wider wrap in red stands for light that travels inside
// skin; two GGX lobes stand for its film of oil. Positions `v_rest` are centimetres on the mean head at rest.
in vec3 v_position;
in vec3 v_normal;
in vec3 v_soft_normal;
in vec2 v_uv;
flat in int v_material;
in float v_openness;
in vec3 v_rest;
in vec4 v_shadow;
out vec4 colour;

uniform sampler2D mask_a;  // lips, brow strokes, redness, beard
uniform sampler2D mask_b;  // stubble strokes, shadow under the eyes, freckles, mottling
uniform sampler2D mask_c;  // wrinkles, pores, fine creases, brow area
uniform float melanin, haemoglobin, flush, under_eyes, freckles, age;
uniform float brows, beard, makeup, hairline;
uniform float smile, brow_move;  // as far as the expression goes; brows above 0 rise, below it knit
uniform vec3 iris_colour, brow_colour, cloth_colour, lip_colour;

#include "lighting.glsl"

const int FACE = 0, BACK_OF_HEAD = 1, GUMS = 2, TEETH = 3, EYE_SHADE = 10, LASHES = 11;
const float GLOSS = 0.8;

struct Surface {
    vec3 albedo;
    vec3 normal;
    float specular;
    float roughness;
    vec3 wrap;          // how far diffuse light reaches past the edge, for each colour
    float openness;     // 1 sees the whole sky
    float light;        // 1 sees the key light
    float translucency;
};

vec3 skin(float melanin, float haemoglobin) {
    return vec3(0.80, 0.575, 0.455)
        * exp(-melanin * vec3(0.96, 1.12, 1.20) - haemoglobin * vec3(0.08, 0.66, 0.52));
}

float ggx(float n_h, float alpha) {
    float a2 = alpha * alpha;
    float d = n_h * n_h * (a2 - 1.0) + 1.0;
    return a2 / (3.14159 * d * d);
}

float noise(float x) {
    return fract(sin(x * 91.17) * 43758.5453);
}

// Above 0 on the scalp: the height over the hairline, which runs from brow over temple and ear to the nape.
float over_hairline() {
    float z = v_rest.z, line;
    if (z > 8.0) line = hairline - 0.02 * v_rest.x * v_rest.x;
    else if (z > 5.5) line = mix(hairline - 3.6, hairline - 0.3, (z - 5.5) / 2.5);
    else if (z > 2.8) line = mix(2.5, hairline - 3.6, (z - 2.8) / 2.7);
    else if (z > 1.6) line = 1.0;
    else if (z > -1.8) line = 4.5;
    else line = mix(-4.5, -0.5, clamp((z + 8.0) / 6.2, 0.0, 1.0));
    return v_rest.y - line;
}

// Above 0 under the garment, whose collar dips in front.
float under_cloth() {
    float around = length(vec2(v_rest.x, v_rest.z + 1.5));
    float dip = 1.2 * (1.0 - smoothstep(0.0, 3.0, abs(v_rest.x))) * step(0.0, v_rest.z);
    return -(v_rest.y + 12.8) + max(around - 6.0, -1.0) * 0.75 - dip;
}

// The bare head's polygons also line the mouth behind the lips.
bool inside_mouth() {
    return v_material == BACK_OF_HEAD && v_rest.z > 0.5 && v_rest.y < -0.4 && v_rest.y > -6.2
        && abs(v_rest.x) < 3.6 && length(vec2(v_rest.x, v_rest.z - 6.0)) < 6.5;
}

// The normal tilted by a height map (Mikkelsen, "Bump Mapping Unparametrized Surfaces on the GPU", 2010).
vec3 bumped(vec3 normal, float height) {
    vec3 dx = dFdx(v_position), dy = dFdy(v_position);
    float hx = dFdx(height), hy = dFdy(height);
    vec3 r1 = cross(dy, normal), r2 = cross(normal, dx);
    float det = dot(dx, r1);
    return normalize(abs(det) * normal - sign(det) * (hx * r1 + hy * r2));
}

vec4 lash_colour() {
    const float ROW = 0.1714;  // seven rows of lashes lie under each other in the texture
    float row = floor((v_uv.y - 0.014) / ROW);
    float from_tip = 1.0 - clamp((v_uv.y - 0.014 - row * ROW) / 0.142, 0.0, 1.0);
    float upper = step(2.5, row);
    float across = abs(fract(v_uv.x * 92.0 + row * 0.37) - 0.5);
    float width = 0.42 * (1.0 - from_tip);
    float alpha = 1.0 - smoothstep(width * 0.4, width, across);
    alpha = mix(alpha, 0.6 * (1.0 - from_tip), 0.7) * mix(0.22, 0.8, upper) * (0.75 + 0.4 * makeup);
    return vec4(tone(vec3(0.012, 0.009, 0.008)), clamp(alpha, 0.0, 1.0));
}

// A veil over the eyeball's edge: the shadow of the lids.
vec4 eye_shade_colour() {
    float edge = min(v_uv.y, 1.0 - v_uv.y);
    float alpha = 0.45 * (1.0 - smoothstep(0.0, 0.35, edge));
    return vec4(tone(skin(melanin + 0.5, haemoglobin + 0.5) * 0.10), alpha);
}

vec4 eye_colour(vec3 normal, vec3 soft_normal, vec3 view, float light) {
    const float IRIS = 0.116, PUPIL = 0.046;
    vec2 off = v_uv - 0.5;
    float r = length(off), angle = atan(off.y, off.x);
    float fibres = 0.5 + 0.5 * sin(angle * 37.0 + sin(angle * 11.0) * 3.0);
    float fine = 0.5 + 0.5 * sin(angle * 83.0 + r * 60.0);
    float ring = smoothstep(0.03, 0.09, r) * (1.0 - smoothstep(0.08, 0.116, r));
    vec3 iris = iris_colour * (0.55 + 0.55 * fibres * fine + 0.5 * ring);
    iris = mix(iris, iris_colour * vec3(1.5, 1.15, 0.6), 0.45 * (1.0 - smoothstep(PUPIL, PUPIL + 0.03, r)));
    iris *= 1.0 - 0.75 * smoothstep(0.092, 0.116, r);
    iris = mix(vec3(0.006), iris, smoothstep(PUPIL - 0.006, PUPIL + 0.006, r));
    vec3 white = vec3(0.70, 0.66, 0.63) * mix(vec3(1), vec3(1.0, 0.80, 0.76), smoothstep(0.13, 0.42, r));
    vec3 albedo = mix(iris, white, smoothstep(IRIS - 0.009, IRIS + 0.012, r));

    vec3 wrap = vec3(0.25, 0.2, 0.2);
    float openness = mix(0.55, 1.0, v_openness);
    vec3 halfway = normalize(light_direction + view);
    float glint = pow(max(dot(normal, halfway), 0.0), r < 0.13 ? 420.0 : 120.0);
    float under_lid = 1.0 - 0.5 * smoothstep(3.55, 4.25, v_rest.y);
    vec3 mirrored = reflect(-view, normal);
    vec3 sky = mix(ground_colour, sky_colour, smoothstep(-0.2, 0.6, mirrored.y));
    vec3 film = sky * (0.03 + 0.25 * pow(1.0 - max(dot(normal, view), 0.0), 4.0)) * openness;
    vec3 diffuse = clamp((dot(soft_normal, light_direction) + wrap) / (1.0 + wrap), 0.0, 1.0);
    vec3 c = albedo * (light_colour * diffuse * mix(0.35, 1.0, light) + ambient(normal) * openness) * under_lid;
    return vec4(tone(c + film + light_colour * glint * 1.6 * mix(0.5, 1.0, light)), 1);
}

void paint_skin(inout Surface s) {
    vec4 a = vec4(0), b = vec4(0, 0, 0, 0.5), c = vec4(0, 0.5, 0.5, 0);
    if (v_material == FACE) {
        a = texture(mask_a, v_uv);
        b = texture(mask_b, v_uv);
        c = texture(mask_c, v_uv);
    }
    float lips = a.r, brow_strokes = a.g, redness = a.b, bearded = a.a;
    // Age carves every groove; a smile deepens those around eyes and mouth, brows those of the forehead.
    float on_forehead = smoothstep(4.2, 5.2, v_rest.y);
    float moved = mix(smile * (0.25 + 0.35 * age), abs(brow_move) * 0.6, on_forehead);
    float folds = age * (0.45 + 0.85 * age) + moved;
    float wrinkle = c.r * 1.6;

    float height = -wrinkle * 0.15 * folds + (c.g - 0.5) * 0.010 * (1.0 - 0.4 * age)
        + (c.b - 0.5) * 0.045 * age * age * (0.35 + 0.65 * (1.0 - lips));
    height += brow_strokes * 0.010 * brows - lips * sin(v_uv.x * 900.0) * 0.0012;
    vec3 tilted = bumped(s.normal, height);
    if (v_material == FACE) s.normal = normalize(mix(s.normal, tilted, 0.85));

    float mottle = (b.a - 0.5) * 2.0;
    float m = melanin + mottle * 0.10 + b.g * under_eyes * 0.35 + b.b * freckles * 0.8 + age * age * max(mottle, 0.0) * 0.26;
    float h = haemoglobin + redness * flush * 0.42 - mottle * 0.08 + b.g * under_eyes * 0.25;
    s.albedo = skin(m, h);
    vec3 lip = mix(skin(melanin * 0.85 + 0.22, haemoglobin + 1.15) * 0.95, lip_colour, makeup * 0.75);
    float lip_share = lips * (0.76 + 0.24 * makeup) * (1.0 - 0.5 * age);
    s.albedo = mix(s.albedo, lip, lip_share * 0.85);
    s.specular = mix(0.032, 0.05, lip_share) * GLOSS * (1.0 - 0.5 * bearded * beard);
    s.roughness = mix(0.44, 0.36, lip_share);
    s.albedo *= 1.0 - vec3(0.40, 0.48, 0.47) * clamp(wrinkle * folds, 0.0, 1.0) * 0.85;
    s.openness *= 1.0 - 0.25 * c.r * min(folds, 1.3);
    s.albedo = mix(s.albedo, vec3(dot(s.albedo, vec3(0.3, 0.59, 0.11))), 0.28 * age * age);

    float stubble = clamp(bearded * beard * (0.45 + b.r * 1.3), 0.0, 1.0);
    s.albedo = mix(s.albedo, brow_colour * 1.05 + 0.01, stubble * 0.8);
    s.wrap *= 1.0 - 0.6 * stubble;
    float brow = clamp(brow_strokes * brows * 1.25, 0.0, 1.0);
    s.albedo = mix(s.albedo, brow_colour, brow * 0.9);
    s.specular *= 1.0 - brow * 0.7;
    s.wrap *= 1.0 - 0.7 * brow;
    float scalp = smoothstep(-0.5, 0.7, over_hairline());
    float tuft = 0.75 + 0.5 * noise(floor(v_rest.x * 9.0) + floor(v_rest.y * 7.0) * 3.1);
    vec3 roots = mix(hair_colour, GREY_HAIR, min(1.0, greyness * 1.2) * 0.92) * 0.8;
    s.albedo = mix(s.albedo, roots * tuft, scalp);
    s.specular *= 1.0 - scalp * 0.8;
    s.wrap *= 1.0 - 0.7 * scalp;

    if (inside_mouth()) {
        s.albedo = vec3(0.20, 0.045, 0.04);
        s.openness = pow(v_openness, 1.5) * clamp((v_rest.z - 4.0) / 6.0, 0.05, 1.0) * 0.7;
        s.translucency = 0.0;
        s.light *= s.openness;
    }
    float cloth = smoothstep(-0.12, 0.12, under_cloth());
    if (cloth > 0.0) {
        float weave = 0.9 + 0.1 * sin(v_rest.x * 14.0) * sin(v_rest.y * 14.0 + v_rest.z * 9.0);
        s.albedo = mix(s.albedo, cloth_colour * weave, cloth);
        s.specular *= 1.0 - 0.8 * cloth;
        s.wrap = mix(s.wrap, vec3(0.08), cloth);
    }
    s.translucency *= 1.0 - cloth;
}

vec3 shaded(Surface s, vec3 soft_normal, vec3 view) {
    // Red light travels farthest inside skin, so red follows the softest normal.
    vec3 facing = vec3(
        dot(normalize(mix(s.normal, soft_normal, 0.75)), light_direction),
        dot(normalize(mix(s.normal, soft_normal, 0.35)), light_direction),
        dot(s.normal, light_direction)
    );
    if (s.translucency < 0.5) facing = vec3(dot(s.normal, light_direction));
    vec3 diffuse = clamp((facing + s.wrap) / (1.0 + s.wrap), 0.0, 1.0);
    diffuse *= diffuse * 0.35 + 0.65;
    vec3 light = mix(pow(vec3(s.light), vec3(0.65, 1.0, 1.1)), vec3(s.light), 1.0 - s.translucency);
    vec3 openness = mix(vec3(s.openness), pow(vec3(s.openness), vec3(0.75, 1.05, 1.15)), s.translucency);
    float rim = pow(clamp(dot(s.normal, RIM_DIRECTION) + 0.1, 0.0, 1.0), 2.0);
    vec3 c = s.albedo
        * (light_colour * diffuse * light + ambient(s.normal) * openness + RIM_COLOUR * rim * s.openness);

    vec3 halfway = normalize(light_direction + view);
    float n_h = max(dot(s.normal, halfway), 0.0), v_h = max(dot(view, halfway), 0.0);
    float n_v = max(dot(s.normal, view), 0.05), n_l = max(dot(s.normal, light_direction), 0.0);
    float fresnel = s.specular + (1.0 - s.specular) * 0.6 * pow(1.0 - v_h, 5.0);
    float alpha = s.roughness * s.roughness;
    float lobes = 0.75 * ggx(n_h, alpha * 1.3) + 0.25 * ggx(n_h, alpha * 0.35);
    float visible = max(0.25, mix(n_l, 1.0, 0.5) * mix(n_v, 1.0, 0.5));
    c += light_colour * s.light * fresnel * lobes * n_l * 0.25 / visible;
    vec3 mirrored = reflect(-view, s.normal);
    vec3 sky = mix(ground_colour, sky_colour, smoothstep(-0.4, 0.6, mirrored.y));
    float grazing = 0.12 * pow(1.0 - n_v, 4.0) * step(0.001, s.specular);
    return c + sky * (s.specular * 0.8 + grazing) * s.openness;
}

void main() {
    if (v_material == LASHES) {
        colour = lash_colour();
        return;
    }
    if (v_material == EYE_SHADE) {
        colour = eye_shade_colour();
        return;
    }
    vec3 normal = normalize(v_normal), soft_normal = normalize(v_soft_normal), view = normalize(-v_position);
    float light = lit(v_shadow, 0.012);
    Surface s = Surface(vec3(0), normal, 0.035, 0.42, vec3(0.32, 0.14, 0.09), v_openness, light, 1.0);
    if (v_material == FACE || v_material == BACK_OF_HEAD) {
        paint_skin(s);
    } else if (v_material == GUMS) {
        s.albedo = vec3(0.42, 0.13, 0.12);
        s.specular = 0.05;
        s.roughness = 0.3;
        s.openness = v_openness * clamp((v_rest.z - 4.0) / 6.0, 0.05, 1.0) * 0.8;
        s.light *= s.openness;
    } else if (v_material == TEETH) {
        s.albedo = mix(vec3(0.74, 0.68, 0.58), vec3(0.66, 0.54, 0.36), 0.35 * age);
        s.specular = 0.06;
        s.roughness = 0.25;
        // Towards the corners of the mouth lips and cheeks keep the light away.
        float inward = clamp((v_rest.z - 5.5) / 4.2, 0.05, 1.0) * (1.0 - 0.75 * smoothstep(1.0, 2.5, abs(v_rest.x)));
        s.openness = mix(0.66, 1.0, v_openness) * inward * 0.95;
        s.light = mix(s.light, 1.0, 0.25) * s.openness;
    } else {
        colour = eye_colour(normal, soft_normal, view, light);
        return;
    }
    colour = vec4(tone(shaded(s, soft_normal, view)), 1);
}
