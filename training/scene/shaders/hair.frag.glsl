#version 330
// Two highlights along each strand, shifted to root and to tip (Kajiya & Kay 1989; Scheuermann 2004).
in vec3 v_position;
in vec3 v_tangent;
in vec4 v_strand;
in vec4 v_shadow;
in vec3 v_outward;
out vec4 colour;

#include "lighting.glsl"

float highlight(float along, float power) {
    return pow(sqrt(max(0.0, 1.0 - along * along)), power);
}

void main() {
    vec3 tangent = normalize(v_tangent), view = normalize(-v_position), outward = normalize(v_outward);
    float chance = v_strand.z, openness = v_strand.w;
    float light = lit(v_shadow, 0.035);
    vec3 normal = normalize(outward - tangent * dot(outward, tangent) + 1e-4);

    // Hair turns grey strand by strand.
    float grey = clamp(greyness * 1.35 + (fract(chance * 7.31) - 0.6) * 0.3 * min(1.0, greyness * 4.0), 0.0, 1.0);
    vec3 albedo = hair_colour * (0.7 + 0.5 * chance);
    albedo = mix(albedo, GREY_HAIR * (0.7 + 0.35 * chance), grey * 0.92);

    float along_light = dot(tangent, light_direction);
    float across_light = sqrt(max(0.0, 1.0 - along_light * along_light));
    float facing = clamp(dot(normal, light_direction) * 0.6 + 0.4, 0.0, 1.0);
    float along_half = dot(tangent, normalize(light_direction + view));
    float first = highlight(along_half + 0.10 + 0.1 * (chance - 0.5), 90.0);
    float second = highlight(along_half - 0.12, 28.0);

    vec3 direct = light_colour * facing * (0.35 + 0.65 * across_light) * light * 0.75;
    vec3 c = albedo * (direct + ambient(normal) * 0.8) * openness;
    c += light_colour * light * facing * openness * (first * vec3(0.045) + second * albedo * 0.55);
    c += RIM_COLOUR * albedo * pow(clamp(dot(outward, RIM_DIRECTION), 0.0, 1.0), 2.0) * 0.8;
    c += sky_colour * 0.012 * openness * pow(max(0.0, 1.0 - along_half * along_half), 20.0);
    colour = vec4(tone(c), 1);
}
