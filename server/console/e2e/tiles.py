"""Writes an MBTiles file of plain tiles with a frame each: python3 tiles.py FILE WEST SOUTH EAST NORTH."""
import math, sqlite3, struct, sys, zlib

path, (west, south, east, north) = sys.argv[1], map(float, sys.argv[2:6])


def png(red, green, blue):
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = bytearray()
    for y in range(256):
        rows.append(0)
        for x in range(256):
            is_road = 120 <= x < 136 or 60 <= y < 66
            rows.extend((250, 240, 200) if is_road else (red, green, blue) if 1 < x < 254 and 1 < y < 254 else (150, 160, 150))
    head = struct.pack(">IIBBBBB", 256, 256, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(rows), 9)) + chunk(b"IEND", b"")


def column(longitude, zoom):
    return int((longitude + 180) / 360 * 2**zoom)


def row(latitude, zoom):
    angle = math.radians(latitude)
    return int((1 - math.asinh(math.tan(angle)) / math.pi) / 2 * 2**zoom)


kinds = [png(214, 228, 206), png(206, 221, 229)]
file = sqlite3.connect(path)
file.executescript(
    "CREATE TABLE metadata (name TEXT, value TEXT);"
    "CREATE TABLE tiles (zoom_level INTEGER, tile_column INTEGER, tile_row INTEGER, tile_data BLOB);"
    "CREATE UNIQUE INDEX tile_index ON tiles (zoom_level, tile_column, tile_row);"
)
about = {"name": "桥头镇影像", "format": "png", "attribution": "测绘示意 2026", "bounds": f"{west},{south},{east},{north}"}
file.executemany("INSERT INTO metadata VALUES (?, ?)", about.items())
for zoom in range(9, 16):
    for x in range(column(west, zoom), column(east, zoom) + 1):
        for y in range(row(north, zoom), row(south, zoom) + 1):
            file.execute("INSERT INTO tiles VALUES (?, ?, ?, ?)", (zoom, x, 2**zoom - 1 - y, kinds[(x + y) % 2]))
file.commit()
