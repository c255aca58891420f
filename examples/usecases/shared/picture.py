"""Pictures without a library for pictures: an array of pixels, lines, a small font, and PNG by zlib."""
import struct
import zlib

import numpy as np

# Five columns by seven rows a letter; a row is a digit of base 32. Small letters are drawn as large ones.
GLYPHS = {
    "A": "ehhvhhh", "B": "uhhuhhu", "C": "ehggghe", "D": "uhhhhhu", "E": "vgguggv", "F": "vgguggg", "G": "ehgnhhf",
    "H": "hhhvhhh", "I": "e44444e", "J": "72222ic", "K": "hikokih", "L": "ggggggv", "M": "hrllhhh", "N": "hpplnnh",
    "O": "ehhhhhe", "P": "uhhuggg", "Q": "ehhhlid", "R": "uhhukih", "S": "fgge11u", "T": "v444444", "U": "hhhhhhe",
    "V": "hhhhha4", "W": "hhhllra", "X": "hha4ahh", "Y": "hha4444", "Z": "v1248gv", "0": "ehjlphe", "1": "4c4444e",
    "2": "eh1248v", "3": "v2421he", "4": "26aiv22", "5": "vgu11he", "6": "68guhhe", "7": "v124888", "8": "ehhehhe",
    "9": "ehhf12c", ".": "00000cc", ",": "0000448", "-": "000v000", "+": "044v440", "/": "0112448", "%": "oo248jj",
    "(": "2488842", ")": "8422248", ":": "0cc0cc0", ";": "0cc0c48", "=": "00v0v00", "<": "248g842", ">": "8421248", "_": "000000v",
    "'": "4480000", "*": "04lel40", "^": "4ah0000", "?": "eh12404", " ": "0000000",
}

HEAT = [(8, 8, 32), (70, 20, 100), (170, 40, 90), (240, 120, 50), (252, 220, 120), (255, 255, 240)]
WATER = [(214, 234, 248), (120, 180, 230), (40, 110, 200), (16, 50, 130)]
WARM = [(255, 250, 225), (254, 210, 120), (245, 130, 50), (200, 40, 40), (90, 5, 50)]
EARTH = [(96, 130, 84), (150, 170, 110), (196, 180, 130), (160, 130, 100), (235, 230, 225)]


def colours(values, stops, low, high, steps=48):
    """Colours of an array; few enough that the file stays small."""
    share = np.clip((np.asarray(values, float) - low) / max(high - low, 1e-12), 0, 1)
    share = np.round(share * (steps - 1)) / (steps - 1) * (len(stops) - 1)
    stops = np.asarray(stops, float)
    left = np.minimum(share.astype(int), len(stops) - 2)
    part = (share - left)[..., None]
    return (stops[left] * (1 - part) + stops[left + 1] * part).astype(np.uint8)


class Picture:
    def __init__(self, width, height):
        self.pixels = np.full((height, width, 3), 255, np.uint8)

    def fill(self, x, y, width, height, colour):
        self.pixels[max(y, 0):max(y + height, 0), max(x, 0):max(x + width, 0)] = colour

    def frame(self, x, y, width, height, colour=(90, 90, 90)):
        for at in ((x, y, width, 1), (x, y + height - 1, width, 1), (x, y, 1, height), (x + width - 1, y, 1, height)):
            self.fill(*at, colour)

    def text(self, x, y, text, colour=(30, 30, 30), scale=1, middle=False, right=False):
        text = str(text).upper()
        wide = len(text) * 6 * scale
        x -= wide // 2 if middle else wide if right else 0
        for letter in text:
            for row, digit in enumerate(GLYPHS.get(letter, GLYPHS["?"])):
                bits = int(digit, 32)
                for column in range(5):
                    if bits >> (4 - column) & 1:
                        self.fill(x + column * scale, y + row * scale, scale, scale, colour)
            x += 6 * scale

    def line(self, xs, ys, colour, thick=1):
        xs, ys = np.asarray(xs, float), np.asarray(ys, float)
        for x0, y0, x1, y1 in zip(xs[:-1], ys[:-1], xs[1:], ys[1:]):
            n = int(max(abs(x1 - x0), abs(y1 - y0))) + 1
            px = np.round(np.linspace(x0, x1, n + 1)).astype(int)
            py = np.round(np.linspace(y0, y1, n + 1)).astype(int)
            for dx in range(thick):
                for dy in range(thick):
                    ok = (px + dx >= 0) & (px + dx < self.pixels.shape[1]) & (py + dy >= 0) & (py + dy < self.pixels.shape[0])
                    self.pixels[py[ok] + dy, px[ok] + dx] = colour

    def image(self, x, y, width, height, rgb):
        """An array of colours, its first row on top, drawn in the size that is wanted."""
        rows = np.arange(height) * rgb.shape[0] // height
        columns = np.arange(width) * rgb.shape[1] // width
        self.pixels[y:y + height, x:x + width] = rgb[rows][:, columns]
        self.frame(x, y, width, height)

    def scale(self, x, y, width, height, stops, low, high, label):
        """What the colours mean, as a bar that lies."""
        self.image(x, y, width, height, colours(np.linspace(low, high, width)[None, :], stops, low, high))
        self.text(x, y + height + 4, f"{low:g}")
        self.text(x + width, y + height + 4, f"{high:g}", right=True)
        self.text(x + width // 2, y + height + 4, label, middle=True)

    def chart(self, x, y, width, height, x_range, y_range, x_label="", y_label="", ticks=(4, 4)):
        """Axes; gives the function that draws a line in them."""
        self.frame(x, y, width, height)
        for i in range(ticks[0] + 1):
            at = x + i * (width - 1) // ticks[0]
            self.fill(at, y + height, 1, 4, (90, 90, 90))
            self.text(at, y + height + 7, f"{x_range[0] + (x_range[1] - x_range[0]) * i / ticks[0]:.4g}", middle=True)
        for i in range(ticks[1] + 1):
            at = y + height - 1 - i * (height - 1) // ticks[1]
            self.fill(x + 1, at, width - 2, 1, (232, 232, 232)) if 0 < i < ticks[1] else None
            self.text(x - 5, at - 3, f"{y_range[0] + (y_range[1] - y_range[0]) * i / ticks[1]:.3g}", right=True)
        self.text(x + width // 2, y + height + 19, x_label, middle=True)
        self.text(x, y - 11, y_label)

        def draw(xs, ys, colour, thick=1):
            share_x = (np.asarray(xs, float) - x_range[0]) / (x_range[1] - x_range[0])
            share_y = np.clip((np.asarray(ys, float) - y_range[0]) / (y_range[1] - y_range[0]), 0, 1)
            self.line(x + share_x * (width - 1), y + height - 1 - share_y * (height - 1), colour, thick)

        return draw

    def save(self, path):
        height, width, _ = self.pixels.shape
        rows = np.zeros((height, width * 3 + 1), np.uint8)
        rows[:, 1:] = self.pixels.reshape(height, -1)

        def chunk(kind, data):
            return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

        header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
        with open(path, "wb") as file:
            file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows.tobytes(), 9)) + chunk(b"IEND", b""))
