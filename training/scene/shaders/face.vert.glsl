#version 330
uniform mat4 model_view;
uniform mat4 projection;
uniform mat3 crop;  // the picture's part of the view, in normalised device coordinates
uniform mat4 shadow_matrix;

in vec3 position;
in vec3 normal;
in vec3 soft_normal;
in vec2 uv;
in float material;
in float openness;
in vec3 rest;  // where the vertex lies on the mean head at rest

out vec3 v_position;
out vec3 v_normal;
out vec3 v_soft_normal;
out vec2 v_uv;
flat out int v_material;
out float v_openness;
out vec3 v_rest;
out vec4 v_shadow;

void main() {
    vec4 seen = model_view * vec4(position, 1);
    v_position = seen.xyz;
    v_normal = mat3(model_view) * normal;
    v_soft_normal = mat3(model_view) * soft_normal;
    v_uv = uv;
    v_material = int(material + 0.5);
    v_openness = openness;
    v_rest = rest;
    v_shadow = shadow_matrix * vec4(position, 1);
    vec4 clip = projection * seen;
    vec3 cropped = crop * vec3(clip.xy, clip.w);
    gl_Position = vec4(cropped.xy, clip.z, clip.w);
}
