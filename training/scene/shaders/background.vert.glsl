#version 330
in vec2 corner;
out vec2 v_place;

void main() {
    v_place = corner;
    gl_Position = vec4(corner, 0.9999, 1);
}
