"""The type of a file is in its bytes; a name or a claim never makes it something else."""

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.lib.errors import Refused
from backend.media import sniff
from tests.unit.media import samples

OOXML = "application/vnd.openxmlformats-officedocument"
ODF = "application/vnd.oasis.opendocument"
NO_TYPE = "application/octet-stream"

FILES = {
    "jpeg": (samples.jpeg, "image/jpeg"),
    "png": (samples.png, "image/png"),
    "gif": (samples.gif, "image/gif"),
    "webp": (lambda: samples.saved(samples.picture(), "WEBP"), "image/webp"),
    "moving webp": (samples.moving_webp, "image/webp"),
    "heic": (samples.heic, "image/heic"),
    "mp4": (samples.video, "video/mp4"),
    "mov": (lambda: samples.video("mov"), "video/quicktime"),
    "3gp": (lambda: samples.video("3gp"), "video/3gpp"),
    "avi": (lambda: samples.video("avi"), "video/x-msvideo"),
    "ogg opus": (samples.voice, "audio/ogg"),
    "mp3 with a tag": (lambda: samples.audio("mp3", "libmp3lame", 44_100), "audio/mpeg"),
    "mp3 without a tag": (lambda: samples.audio("mp3", "libmp3lame", 44_100)[45:], "audio/mpeg"),
    "aac": (lambda: samples.audio("adts", "aac", 44_100), "audio/aac"),
    "m4a": (lambda: samples.audio("ipod", "aac", 44_100), "audio/mp4"),
    "mp4 with sound only": (lambda: samples.audio("mp4", "aac", 44_100), "audio/mp4"),
    "mov with sound only": (lambda: samples.audio("mov", "aac", 44_100), "audio/mp4"),
    "webm with sound only": (lambda: samples.audio("webm", "libopus"), "audio/webm"),
    "wav": (lambda: samples.audio("wav", "pcm_s16le", 44_100), "audio/wav"),
    "amr": (lambda: b"#!AMR\n" + bytes([0x3C]) * 100, "audio/amr"),
    "pdf": (samples.pdf, "application/pdf"),
    "pdf, late": (lambda: b"\r\n" + samples.pdf(), "application/pdf"),
    "doc": (lambda: samples.compound("WordDocument"), "application/msword"),
    "xls": (lambda: samples.compound("Workbook", directory_sector=90), "application/vnd.ms-excel"),
    "old xls": (lambda: samples.compound("Book"), "application/vnd.ms-excel"),
    "ppt": (lambda: samples.compound("PowerPoint Document"), "application/vnd.ms-powerpoint"),
    "docx": (samples.docx, f"{OOXML}.wordprocessingml.document"),
    "xlsx": (lambda: samples.archive("xl/workbook.xml", "[Content_Types].xml"), f"{OOXML}.spreadsheetml.sheet"),
    "pptx": (lambda: samples.archive("[Content_Types].xml", "ppt/x.xml"), f"{OOXML}.presentationml.presentation"),
    "odt": (lambda: samples.odf("text"), f"{ODF}.text"),
    "ods": (lambda: samples.odf("spreadsheet"), f"{ODF}.spreadsheet"),
    "odp": (lambda: samples.odf("presentation"), f"{ODF}.presentation"),
    "zip": (lambda: samples.archive("a.txt"), "application/zip"),
    "empty zip": (samples.archive, "application/zip"),
    "lottie sticker": (lambda: samples.archive("animation/animation.json"), "application/was"),
    "text": ("olá, é só um texto\n".encode, "text/plain"),
    "latin text": (lambda: "olá, é só um texto\n".encode("latin-1"), "text/plain"),
    "text with a mark": ("\ufeffolá".encode, "text/plain"),
    "utf-16": (lambda: "olá <b>".encode("utf-16"), "text/plain"),
    "mathematics": (lambda: b"if a < b and b > c then", "text/plain"),
    "json": (lambda: b'{"a": 1}', "text/plain"),
}
REFUSED = {
    "webm with pictures": samples.film("webm", "libvpx"),
    "webm with both": samples.film("webm", "libvpx")[:4000] + samples.audio("webm", "libopus"),
    "matroska": samples.audio("matroska", "libopus"),
    "nothing": b"",
    "a program": b"MZ" + bytes(100),
    "another program": b"\x7fELF" + bytes(100),
    "a macro document": samples.docx("word/vbaProject.bin"),
    "an Android program": samples.archive("AndroidManifest.xml", "classes.dex"),
    "a Java program": samples.archive("META-INF/MANIFEST.MF"),
    "an installer": samples.compound("SomethingElse"),
    "a broken compound file": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\xff" * 600,
    "avif": b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf" + bytes(40),
    "webm": b"\x1aE\xdf\xa3" + bytes(40),
    "ogg with pictures": b"OggS\0\x02" + bytes(22) + b"\x80theora" + bytes(40),
    "riff of something": b"RIFF\x10\0\0\0ACON" + bytes(20),
    "text with a zero far behind": b"a" * 200_000 + b"\0",
    "noise": bytes(range(256)) * 20,
}
PAGES = {
    "a web page": b"<!DOCTYPE html><html>",
    "a page behind blanks": b"\xef\xbb\xbf \r\n\t<HTML>",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>',
    "xml": b'<?xml version="1.0"?><nfe/>',
    "a comment first": b"<!-- x --><script>alert(1)</script>",
    "a tag further down": b"hello\n" * 50 + b"<script>alert(1)</script>",
    "utf-16 page": "<html><body>".encode("utf-16"),
}
BEGINNINGS = [b"", b"PK\x03\x04", b"PK\x05\x06", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\0\0\0\x18ftypmp42"]
BEGINNINGS += [b"\0\0\0\0moov", b"OggS", b"RIFF\0\0\0\0", b"\xff\xfb", b"\xff\xfe", b"<"]


def type_of(body: bytes, name: str = "") -> str:
    return sniff.sniff(io.BytesIO(body), file_name=name)


@pytest.mark.parametrize("name", FILES)
def test_every_kind_we_take_is_known_by_its_bytes(name):
    make, expected = FILES[name]
    assert type_of(make(), "innocent.pdf") == expected
    assert expected in sniff.TYPES


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_on_no_list_is_refused(name):
    assert type_of(REFUSED[name], "photo.jpg") == NO_TYPE
    with pytest.raises(Refused) as raised:
        sniff.check(NO_TYPE, "document")
    assert raised.value.code == "type_not_allowed"


@pytest.mark.parametrize("name", PAGES)
def test_markup_is_never_text(name):
    assert type_of(PAGES[name], "notes.txt") == sniff.WEB_PAGE
    with pytest.raises(Refused) as raised:
        sniff.check(sniff.WEB_PAGE, "document")
    assert raised.value.code == "not_a_file"


def test_the_name_chooses_only_between_text_and_csv():
    assert type_of(b"a;b\n1;2\n", "contas.CSV") == "text/csv"
    assert type_of(b"a;b\n1;2\n", "contas.exe") == "text/plain"
    assert type_of(samples.png(), "contas.csv") == "image/png"


@settings(max_examples=300, deadline=None)
@given(body=st.binary(max_size=600), start=st.sampled_from(BEGINNINGS))
def test_no_bytes_make_it_stumble(body, start):
    assert type_of(start + body)


def test_a_list_of_a_million_names_is_not_read_whole():
    entry = b"PK\x01\x02" + bytes(42)
    body = b"PK\x03\x04" + entry * 200_000
    end = b"PK\x05\x06" + bytes(8) + len(entry * 200_000).to_bytes(4, "little") + (4).to_bytes(4, "little") + bytes(2)
    assert type_of(body + end) == "application/zip"


@pytest.mark.parametrize(
    ("mime", "kinds"),
    [
        ("image/png", {"image", "document"}),
        ("image/webp", {"image", "sticker", "document"}),
        ("video/mp4", {"video", "document"}),
        ("audio/ogg", {"audio", "voice", "document"}),
        ("application/pdf", {"document"}),
        ("application/zip", {"document"}),
        ("application/was", {"sticker", "document"}),
    ],
)
def test_a_kind_takes_only_what_it_says(mime, kinds):
    for kind in ("image", "sticker", "video", "audio", "voice", "document"):
        if kind in kinds:
            assert sniff.check(mime, kind).mime == mime
        else:
            with pytest.raises(Refused) as raised:
                sniff.check(mime, kind)
            assert raised.value.code == "not_what_it_says"


def test_an_operators_list_narrows_ours(settings):
    settings.MEDIA_ALLOWED_TYPES = ["image/png", "application/x-msdownload"]
    assert sniff.check("image/png", "image")
    for mime in ("image/jpeg", "application/x-msdownload"):
        with pytest.raises(Refused) as raised:
            sniff.check(mime, "document")
        assert raised.value.code == "type_not_allowed"


@pytest.mark.parametrize(
    ("given_name", "mime", "expected"),
    [
        ("férias na praia.JPG", "image/jpeg", "férias na praia.JPG"),
        ("photo.jpeg", "image/jpeg", "photo.jpeg"),
        ("photo.png", "image/jpeg", "photo.jpg"),
        ("invoice.exe", "application/pdf", "invoice.exe.pdf"),
        ("nota", "application/pdf", "nota.pdf"),
        ("", "application/pdf", "document.pdf"),
        (".pdf", "application/pdf", "pdf.pdf"),
        ("../../etc/passwd", "text/plain", "passwd.txt"),
        ("C:\\temp\\run.bat", "text/plain", "run.bat.txt"),
        ("gpj.\u202eexe", "image/jpeg", "gpj.exe.jpg"),
        ("a\x00b\r\n.txt", "text/plain", "ab.txt"),
        ("data.json", "text/plain", "data.json"),
        ("x" * 300 + ".png", "image/png", "x" * 251 + ".png"),
    ],
)
def test_a_name_is_kept_made_safe_and_ends_as_the_bytes_do(given_name, mime, expected):
    assert sniff.named(given_name, sniff.TYPES[mime], "document") == expected


def test_limits_are_by_kind(settings):
    settings.MEDIA_MAX_SIZE = {"audio": 16, "image": 10}
    assert [sniff.limit_bytes(kind) for kind in ("voice", "audio", "image", "other")] == [16, 16, 10, 10_000_000]


def test_the_kind_of_an_upload_comes_from_its_type():
    kinds = [sniff.kind_of(mime) for mime in ("image/png", "audio/ogg", "video/mp4", "text/csv", "application/zip")]
    assert kinds == ["image", "audio", "video", "document", "document"]


# --- What senders say -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file_type", "file_name", "mime"),
    [
        ("image/jpeg", "", "image/jpeg"),
        ("IMAGE/JPEG; charset=binary", "", "image/jpeg"),
        ("image/jpg", "foto.png", "image/jpeg"),
        ("image/heif", "", "image/heic"),
        ("audio/webm;codecs=opus", "", "audio/webm"),
        ("audio/x-m4a", "", "audio/mp4"),
        ("text/vcard", "ana.vcf", "text/plain"),
        ("application/json", "a.json", "text/plain"),
        ("", "FOTO.JPG", "image/jpeg"),
        ("application/octet-stream", "contrato.docx", f"{OOXML}.wordprocessingml.document"),
    ],
)
def test_what_is_announced_is_known_by_many_names(file_type, file_name, mime):
    assert sniff.announced(file_type, file_name).mime == mime


@pytest.mark.parametrize(
    ("file_type", "file_name"),
    [
        ("text/html", "foto.jpg"),
        ("image/svg+xml", "logo.jpg"),
        ("application/javascript", "a.txt"),
        ("video/webm", "a.mp4"),
        ("", ""),
        ("", "program.exe"),
        ("application/octet-stream", "page.html"),
        ("nonsense", "foto.jpg"),
    ],
)
def test_what_is_on_no_list_is_refused_before_it_comes(file_type, file_name):
    with pytest.raises(Refused) as raised:
        sniff.announced(file_type, file_name)
    assert raised.value.code == "type_not_allowed"


def test_an_operators_list_counts_for_what_is_announced_too(settings):
    settings.MEDIA_ALLOWED_TYPES = ["application/pdf"]
    assert sniff.announced("application/pdf", "").mime == "application/pdf"
    with pytest.raises(Refused):
        sniff.announced("image/jpeg", "")
