#!/usr/bin/env python3
"""Writes unicode_ranges.cpp beside it, from the Unicode data that this Python has."""
import pathlib
import unicodedata

WHITE_SPACE = {*range(9, 14), 0x20, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029,
               0x202F, 0x205F, 0x3000}  # the property of that name
CLASSES = {"L": "letter", "N": "number", "P": "punctuation"}


def class_of(point):
    if point in WHITE_SPACE:
        return "whitespace"
    return CLASSES.get(unicodedata.category(chr(point))[0])


ranges = []
for point in range(0x110000):
    kind = class_of(point)
    if kind and ranges and ranges[-1][1] == point - 1 and ranges[-1][2] == kind:
        ranges[-1][1] = point
    elif kind:
        ranges.append([point, point, kind])

lines, line = [], "   "
for first, last, kind in ranges:
    entry = f" {{0x{first:X}, 0x{last:X}, {kind[0]}}},"
    if len(line) + len(entry) > 100:
        lines.append(line)
        line = "   "
    line += entry
lines.append(line)

pathlib.Path(__file__).with_name("unicode_ranges.cpp").write_text(f"""\
// Written by write_unicode_ranges.py from Unicode {unicodedata.unidata_version}; change that.

#include "agents/engine/model/tokenizer/unicode_classes.hpp"

namespace squall::agents {{

namespace {{

constexpr CharacterClass l = CharacterClass::letter;
constexpr CharacterClass n = CharacterClass::number;
constexpr CharacterClass p = CharacterClass::punctuation;
constexpr CharacterClass w = CharacterClass::whitespace;

// clang-format off
constexpr ClassRange ranges[] = {{
{chr(10).join(lines)}
}};
// clang-format on

}}  // namespace

std::span<const ClassRange> unicode_ranges() {{ return ranges; }}

}}  // namespace squall::agents
""")
