"""A picture's pixels, apart from the file that they came in. Used in a decoder process only."""

from PIL import Image, ImageOps

MAX_PROFILE_BYTES = 4096
AS_THEY_ARE = {"RGB", "RGBA", "L"}


def flattened(image: Image.Image) -> Image.Image:
    """On white where it was transparent."""
    info = image.info
    if "A" in image.getbands():
        ground = Image.new("RGB", image.size, "white")
        ground.paste(image, mask=image.getchannel("A"))
        image = ground
    image = image.convert("RGB")
    image.info = info
    return image


def upright(image: Image.Image, *, max_profile_bytes: int = MAX_PROFILE_BYTES) -> Image.Image:
    """The pixels alone, turned as the camera was held."""
    turned = ImageOps.exif_transpose(image)
    turned = turned if turned.mode in AS_THEY_ARE else _plain(turned)
    profile = profile_of(image, max_profile_bytes)
    turned.info = {"icc_profile": profile} if profile else {}
    return turned


def _plain(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        # 16 bits a pixel: a plain conversion would clip them to white.
        return image.convert("I").point(lambda value: value / 256).convert("L")
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def profile_of(image: Image.Image, max_bytes: int = MAX_PROFILE_BYTES) -> bytes | None:
    profile = image.info.get("icc_profile")
    is_kept = isinstance(profile, bytes) and len(profile) <= max_bytes and image.mode != "CMYK"
    return profile if is_kept else None
