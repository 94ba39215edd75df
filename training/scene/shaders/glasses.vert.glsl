#version 330
uniform mat4 model_view;
uniform mat4 projection;
uniform mat3 crop;
uniform mat4 shadow_matrix;

in vec3 position;
in vec3 normal;

out vec3 v_position;
out vec3 v_normal;
out vec4 v_shadow;

void main() {
    vec4 seen = model_view * vec4(position, 1);
    v_position = seen.xyz;
    v_normal = mat3(model_view) * normal;
    v_shadow = shadow_matrix * vec4(position, 1);
    vec4 clip = projection * seen;
    vec3 cropped = crop * vec3(clip.xy, clip.w);
    gl_Position = vec4(cropped.xy, clip.z, clip.w);
}
