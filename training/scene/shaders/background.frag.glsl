#version 330
// Six soft patches of colour, as a wall far out of focus.
uniform vec3 patch_colour[6];
in vec2 v_place;
out vec4 colour;

// Where each patch lies, and how far it reaches.
const vec3 PATCH[6] = vec3[6](
    vec3(-0.8, 0.8, 0.9), vec3(0.7, 0.6, 0.9), vec3(0.8, -0.5, 0.9),
    vec3(-0.8, -0.6, 0.9), vec3(0.0, 0.0, 0.7), vec3(0.0, 0.9, 0.7)
);

void main() {
    vec3 sum = patch_colour[0] * 0.3;
    float weight = 0.3;
    for (int i = 0; i < 6; i++) {
        float away = length((v_place - PATCH[i].xy) / PATCH[i].z);
        float share = exp(-away * away);
        sum += patch_colour[i] * share;
        weight += share;
    }
    colour = vec4(pow(sum / weight, vec3(1.0 / 2.2)), 1);
}
