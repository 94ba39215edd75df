#version 330
uniform mat4 shadow_matrix;
in vec3 position;

void main() {
    gl_Position = shadow_matrix * vec4(position, 1);
}
