"""Pictures as people's cameras, editors and downloads leave them: read as they are meant, or refused in a sentence."""

import io
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms, TiffImagePlugin

from common.errors import UnreadableImage
from common.image_formats import ENDINGS, FORMATS
from stages.media.colour import PRIMARIES, decoding_curve, primaries_matrix
from stages.media.decode_image import decode_image

COLOURS = np.array([(192, 96, 64), (128, 64, 32), (240, 200, 160), (64, 64, 64), (192, 192, 192), (32, 96, 192)])
PICTURE = np.repeat(np.repeat(COLOURS[None], 48, axis=0), 8, axis=1).astype(np.uint8)  # (48, 48, 3)


def stored(pixels: np.ndarray | Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    (pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)).save(buffer, kind, **options)
    return buffer.getvalue()


def chunk(kind: bytes, content: bytes, broken: bool = False) -> bytes:
    check = zlib.crc32(kind + content) ^ broken
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)


def with_chunk(png: bytes, added: bytes) -> bytes:
    return png[:33] + added + png[33:]


def shown(data: bytes) -> np.ndarray:
    """(6, 3) the middle of each patch."""
    return decode_image(data, "p")[24, 4::8].astype(int)


def face(repository: Path) -> Image.Image:
    with Image.open(repository / "weights/bundled/demo/faces/face_16.jpg") as picture:
        return picture.convert("RGB")


def light_of(pixels: np.ndarray) -> np.ndarray:
    """Linear light of sRGB pixels, 0 to 1."""
    return decoding_curve("sdr")[pixels.astype(np.uint16) * 257]


# ---- transparency


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "RGB"])
def test_what_is_transparent_stands_before_a_middle_grey(mode: str) -> None:
    clear = Image.fromarray(PICTURE).convert("RGBA")
    clear.paste((0, 0, 0, 0), (0, 0, 48, 24))
    if mode == "P":
        data = stored(clear.quantize(16), "PNG")
    elif mode == "RGB":
        keyed = PICTURE.copy()
        keyed[:24] = (1, 2, 3)
        data = stored(keyed, "PNG", transparency=(1, 2, 3))
    else:
        data = stored(clear.convert(mode), "PNG")
    image = decode_image(data).astype(int)
    assert np.abs(image[:20] - 128).max() <= 1
    wanted = PICTURE[30:] if mode != "LA" else np.asarray(Image.fromarray(PICTURE[30:]).convert("L"))[..., None]
    assert np.abs(image[30:] - wanted.astype(int)).max() <= 2


def test_a_picture_that_is_transparent_everywhere_is_told() -> None:
    clear = Image.fromarray(PICTURE).convert("RGBA")
    clear.putalpha(0)
    with pytest.raises(UnreadableImage, match="it is transparent everywhere"):
        decode_image(stored(clear, "PNG"))


# ---- colours


def profile(points: str, gamma: float) -> bytes:
    """An ICC profile of a matrix and a curve, version 2."""
    to_srgb = primaries_matrix_of(points)
    to_xyz = np.array([[0.4360747, 0.3850649, 0.1430804], [0.2225045, 0.7168786, 0.0606169],
                       [0.0139322, 0.0971045, 0.7141733]]) @ to_srgb  # fmt: skip
    fixed = lambda *values: b"".join(struct.pack(">i", round(value * 65536)) for value in values)  # noqa: E731
    xyz = lambda values: b"XYZ \0\0\0\0" + fixed(*values)  # noqa: E731
    curve = b"curv\0\0\0\0\0\0\0\x01" + struct.pack(">H", round(gamma * 256)) + b"\0\0"
    name = b"desc\0\0\0\0\0\0\0\x02x\0" + bytes(78)
    tags = [(b"desc", name), (b"cprt", b"text\0\0\0\0x\0\0\0"), (b"wtpt", xyz((0.9642, 1.0, 0.8249)))]
    tags += [(kind, xyz(to_xyz[:, index])) for index, kind in enumerate((b"rXYZ", b"gXYZ", b"bXYZ"))]
    tags += [(kind, curve) for kind in (b"rTRC", b"gTRC", b"bTRC")]
    place, table, body = 132 + 12 * len(tags), b"", b""
    for kind, content in tags:
        content += bytes(-len(content) % 4)
        table += kind + struct.pack(">II", place + len(body), len(content))
        body += content
    size = place + len(body)
    kinds = (b"mntr", b"RGB ", b"XYZ ", bytes(12), b"acsp")
    header = struct.pack(">I4sI4s4s4s12s4s", size, bytes(4), 0x02400000, *kinds)
    header += bytes(68 - len(header)) + fixed(0.9642, 1.0, 0.8249)
    return header + bytes(128 - len(header)) + struct.pack(">I", len(tags)) + table + body


def primaries_matrix_of(name: str) -> np.ndarray:
    return primaries_matrix(name).astype(float)


def in_space(pixels: np.ndarray, name: str, gamma: float) -> np.ndarray:
    """sRGB pixels by the numbers of another space."""
    light = light_of(pixels) @ np.linalg.inv(primaries_matrix_of(name)).T
    return (light.clip(0, 1) ** (1 / gamma) * 255 + 0.5).astype(np.uint8)


@pytest.mark.parametrize(("name", "gamma"), [("smpte432", 2.2), ("adobe", 2.2), ("bt2020", 1.8), ("bt709", 1.0)])
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_a_colour_profile_is_obeyed(name: str, gamma: float, kind: str) -> None:
    pixels = in_space(PICTURE, name, gamma)
    options = {"lossless": True} if kind == "WEBP" else {}
    data = stored(pixels, kind, icc_profile=profile(name, gamma), **options)
    np.testing.assert_allclose(shown(data), COLOURS, atol=6 if gamma == 1 else 4)


def test_an_srgb_profile_changes_no_pixel() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    np.testing.assert_array_equal(shown(stored(PICTURE, "PNG", icc_profile=srgb)), COLOURS)


@pytest.mark.parametrize("broken", [b"no profile", b"", profile("adobe", 2.2)[:200]])
def test_a_broken_profile_counts_as_none(broken: bytes) -> None:
    np.testing.assert_array_equal(shown(stored(PICTURE, "PNG", icc_profile=broken)), COLOURS)


@pytest.mark.parametrize(("gamma", "bits"), [(1.0, 16), (1.0, 8), (1 / 1.8, 8), (1 / 2.2, 8)])
def test_pngs_gamma_is_obeyed(gamma: float, bits: int) -> None:
    if gamma == 1 / 2.2:
        pixels = PICTURE
    else:
        pixels = (light_of(PICTURE) ** gamma * (2**bits - 1) + 0.5).astype(np.uint16 if bits == 16 else np.uint8)
    png = cv2.imencode(".png", pixels[..., ::-1])[1].tobytes()
    data = with_chunk(png, chunk(b"gAMA", struct.pack(">I", round(gamma * 100_000))))
    np.testing.assert_allclose(shown(data), COLOURS, atol=2 if bits == 16 else 6)


@pytest.mark.parametrize(("curve", "code"), [("pq", 16), ("hlg", 18)])
def test_hdr_stills_come_out_as_they_were_in_sdr(curve: str, code: int) -> None:
    light = light_of(PICTURE) @ np.linalg.inv(primaries_matrix_of("bt2020")).T
    table = decoding_curve({"pq": "smpte2084", "hlg": "arib-std-b67"}[curve])
    pixels = np.searchsorted(table, light.clip(0)).astype(np.uint16)
    png = cv2.imencode(".png", pixels[..., ::-1])[1].tobytes()
    data = with_chunk(png, chunk(b"cICP", bytes((9, code, 0, 1))))
    np.testing.assert_allclose(shown(data), COLOURS, atol=3)


def test_curves_agree_with_bt_2100() -> None:
    signal = np.array([0, 0.5, 0.58, 0.75, 1.0])
    pq = decoding_curve("smpte2084")[(signal * 65535).astype(int)] * 203
    np.testing.assert_allclose(pq, [0, 92.2, 201.6, 983.0, 10_000], rtol=0.02, atol=0.01)
    hlg = decoding_curve("arib-std-b67")[(signal * 65535).astype(int)] * 0.265
    np.testing.assert_allclose(hlg, [0, 1 / 12, 0.11696, 0.265, 1.0], rtol=0.01, atol=1e-4)


def test_white_stays_white_in_all_primaries() -> None:
    for name in PRIMARIES:
        np.testing.assert_allclose(primaries_matrix(name) @ np.ones(3), 1, atol=1e-5)


# ---- depth


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("kind", ["grey PNG", "grey TIFF", "RGB PNG", "RGB TIFF"])
def test_numbers_that_do_not_fill_their_sixteen_bits_are_scaled_by_their_depth(bits: int, kind: str) -> None:
    pixels = (PICTURE.astype(float) / 240 * (2**bits - 1)).astype(np.uint16)
    wanted = PICTURE / 240 * 255
    ending = ".png" if "PNG" in kind else ".tif"
    if "grey" in kind:
        pixels, wanted = pixels[..., 0], wanted[..., :1].repeat(3, axis=2)
    else:
        pixels = np.ascontiguousarray(pixels[..., ::-1])
    data = cv2.imencode(ending, pixels)[1].tobytes()
    np.testing.assert_allclose(decode_image(data), wanted, atol=1.5)


def test_a_dark_picture_of_eight_bits_in_sixteen_stays_dark() -> None:
    dark = (PICTURE // 8).astype(np.uint16) * 257
    data = cv2.imencode(".png", dark[..., ::-1])[1].tobytes()
    np.testing.assert_array_equal(decode_image(data), PICTURE // 8)


def test_floating_point_colours_are_refused_as_unknown() -> None:
    data = cv2.imencode(".tif", PICTURE.astype(np.float32) / 255)[1].tobytes()
    with pytest.raises(UnreadableImage, match="floating-point numbers"):
        decode_image(data)


# ---- damage


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("lacking", [1, 2])
def test_a_jpeg_without_its_end_marker_is_whole(repository: Path, progressive: bool, lacking: int) -> None:
    data = stored(face(repository), "JPEG", quality=92, progressive=progressive)
    np.testing.assert_array_equal(decode_image(data[:-lacking]), decode_image(data))


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("fill", [bytes(512), b"\xff" * 512, bytes(range(256)) * 2, bytes(64)])
def test_damage_inside_a_jpeg_is_told(repository: Path, progressive: bool, fill: bytes) -> None:
    data = bytearray(stored(face(repository), "JPEG", quality=92, progressive=progressive))
    data[len(data) // 2 : len(data) // 2 + len(fill)] = fill
    with pytest.raises(UnreadableImage, match=r"damaged .*Copy or export it again\."):
        decode_image(bytes(data), "face.jpg")


@pytest.mark.parametrize("share", [0.3, 0.5, 0.7, 0.9])
def test_bytes_that_a_jpeg_has_lost_inside_are_told(repository: Path, share: float) -> None:
    data = stored(face(repository), "JPEG")
    place = int(share * len(data))
    with pytest.raises(UnreadableImage, match="damaged inside"):
        decode_image(data[:place] + data[place + 100 :])


def test_filling_bytes_before_the_end_of_a_jpeg_hide_nothing(repository: Path) -> None:
    data = stored(face(repository), "JPEG")
    np.testing.assert_array_equal(decode_image(data[:-2] + bytes(16) + data[-2:]), decode_image(data))


@pytest.mark.parametrize(
    "options",
    [{}, {"progressive": True}, {"optimize": True}, {"subsampling": 0}, {"restart_marker_rows": 1}, {"quality": 5}],
)
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_sound_jpegs_of_every_kind_are_taken_for_sound(repository: Path, options: dict, mode: str) -> None:
    assert decode_image(stored(face(repository).convert(mode), "JPEG", **options)).shape == (320, 320, 3)


def test_a_png_is_read_in_spite_of_a_broken_comment_but_not_of_a_broken_header() -> None:
    png = stored(PICTURE, "PNG")
    for kind in (b"tEXt", b"zTXt", b"iTXt", b"tIME", b"eXIf"):
        np.testing.assert_array_equal(shown(with_chunk(png, chunk(kind, b"Comment\0x", broken=True))), COLOURS)
    with pytest.raises(UnreadableImage, match="damaged or cut short"):
        decode_image(png[:20] + b"\1" + png[21:])


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize("before", [b"\r\n", b"\n", b"\xef\xbb\xbf", b"HTTP/1.1 200 OK\r\n\r\n", bytes(128)])
def test_what_stands_before_a_picture_is_passed_over(kind: str, before: bytes) -> None:
    data = stored(PICTURE, kind)
    np.testing.assert_array_equal(decode_image(before + data), decode_image(data))


@pytest.mark.parametrize("behind", [bytes(4000), b"PK\x03\x04 archive", b"\r\n--boundary--"])
def test_what_stands_behind_a_picture_is_passed_over(behind: bytes) -> None:
    for kind in ("JPEG", "PNG"):
        data = stored(PICTURE, kind)
        np.testing.assert_array_equal(decode_image(data + behind), decode_image(data))


def test_a_picture_inside_a_document_is_not_the_document() -> None:
    with pytest.raises(UnreadableImage, match="it is a PDF"):
        decode_image(b"%PDF-1.7\n" + stored(PICTURE, "JPEG"))


@pytest.mark.parametrize("preview_alone", [False, True])
def test_a_tiffs_preview_is_not_its_picture(preview_alone: bool) -> None:
    small, picture = Image.new("RGB", (16, 16), "red"), Image.fromarray(PICTURE)
    buffer = io.BytesIO()
    with TiffImagePlugin.AppendingTiffWriter(buffer, new=True) as file:
        small.save(file, "TIFF", tiffinfo={254: 1})
        file.newFrame()
        if not preview_alone:
            picture.save(file, "TIFF")
            file.newFrame()
    if preview_alone:
        with pytest.raises(UnreadableImage, match="only a small preview"):
            decode_image(buffer.getvalue())
    else:
        np.testing.assert_array_equal(shown(buffer.getvalue()), COLOURS)


def test_a_heic_picture_is_read_or_the_mend_is_named() -> None:
    start = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"
    with pytest.raises(UnreadableImage) as caught:
        decode_image(start + bytes(100), "phone.heic")
    assert "HEIF" in FORMATS or "pip install 'micromotion[heic]'" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_ending_that_a_reader_knows_is_listed() -> None:
    for ending in (".jpg", ".jpeg", ".jfif", ".jpe", ".png", ".webp", ".gif", ".bmp", ".tif", ".jp2", ".tga", ".ppm"):
        assert ending in ENDINGS
    assert (".avif" in ENDINGS) == ("AVIF" in FORMATS)
    assert ".eps" not in ENDINGS


def test_a_small_png_whose_pixels_are_damaged_is_refused_and_one_with_a_wrong_checksum_alone_is_read() -> None:
    data = stored(PICTURE, "PNG")
    place = data.index(b"IDAT")
    length = int.from_bytes(data[place - 4 : place])
    middle, end = place + 4 + length // 2, place + 4 + length
    wrong = data[:end] + bytes([data[end] ^ 1]) + data[end + 1 :]
    np.testing.assert_array_equal(shown(wrong), COLOURS)
    with pytest.raises(UnreadableImage, match="damaged"):
        decode_image(data[:middle] + bytes(16) + data[middle + 16 :], "p")
