#version 330
// Lacquered wire: diffuse colour under a narrow highlight.
in vec3 v_position;
in vec3 v_normal;
in vec4 v_shadow;
out vec4 colour;

uniform vec3 frame_colour;

#include "lighting.glsl"

void main() {
    vec3 normal = normalize(v_normal), view = normalize(-v_position);
    float light = lit(v_shadow, 0.03);
    float diffuse = max(dot(normal, light_direction), 0.0) * light;
    float glint = pow(max(dot(normal, normalize(light_direction + view)), 0.0), 40.0) * light;
    vec3 c = frame_colour * (light_colour * diffuse + ambient(normal)) + light_colour * glint * 0.25;
    colour = vec4(tone(c), 1);
}
