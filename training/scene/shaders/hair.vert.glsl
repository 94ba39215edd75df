#version 330
uniform mat4 model_view;
uniform mat4 projection;
uniform mat3 crop;
uniform mat4 shadow_matrix;
uniform float strand_width;

in vec3 position;
in vec3 tangent;
in vec4 strand;   // side (-1 or 1), place along it (0 root, 1 tip), its own random number, openness
in vec3 outward;  // from the middle of the head

out vec3 v_position;
out vec3 v_tangent;
out vec4 v_strand;
out vec4 v_shadow;
out vec3 v_outward;

void main() {
    vec4 seen = model_view * vec4(position, 1);
    v_tangent = mat3(model_view) * tangent;
    // A ribbon turns its flat side to the viewer and narrows to its tip.
    vec3 across = normalize(cross(v_tangent, normalize(-seen.xyz)) + vec3(1e-5));
    seen.xyz += across * strand.x * strand_width * (1.0 - 0.9 * strand.y * strand.y);
    v_position = seen.xyz;
    v_strand = strand;
    v_shadow = shadow_matrix * vec4(position, 1);
    v_outward = mat3(model_view) * outward;
    vec4 clip = projection * seen;
    vec3 cropped = crop * vec3(clip.xy, clip.w);
    gl_Position = vec4(cropped.xy, clip.z, clip.w);
}
