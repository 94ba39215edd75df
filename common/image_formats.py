"""Which formats of images are read, and what their files are called."""

from PIL import Image

from common.install_hints import install_extra

try:  # an extra: most lists of faces have no images straight from a telephone
    import pillow_heif
except ImportError:
    pillow_heif = None
else:
    pillow_heif.register_heif_opener()

Image.init()  # which of these this Pillow was built with
# Not all that Pillow knows: for EPS it would start Ghostscript, which runs the file as a program.
KNOWN = ("JPEG", "PNG", "WEBP", "AVIF", "JPEG2000", "TIFF", "GIF", "BMP", "PPM", "TGA", "HEIF")
FORMATS = tuple(kind for kind in KNOWN if kind in Image.OPEN)
# With their dots, in small letters.
ENDINGS = frozenset(ending for ending, kind in Image.EXTENSION.items() if kind in FORMATS)

# Of telephones: read where the extra is installed.
HEIC_ENDINGS = frozenset({".heic", ".heif", ".hif"})
HEIC_MEND = f"Convert it to JPEG or PNG, or install what reads it: {install_extra('heic')}"
