// GGUF files that are right, cut short, or wrong in any one number: read, or refused in words.

#include "agents/engine/model/gguf_file.hpp"

#include <boost/test/unit_test.hpp>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>

#include "agents/engine/model/model.hpp"
#include "tests/fixtures/gguf_writer.hpp"

using namespace squall;
using namespace squall::agents;
using namespace squall::fixtures;

namespace {

using Bytes = std::vector<std::byte>;

/// Every type of value, and tensors of one and two dimensions in two formats.
GgufWriter small_file() {
  GgufWriter writer;
  writer.text("general.architecture", "llama")
      .number("a.uint8", gguf_uint8, std::uint8_t{8})
      .number("a.int16", gguf_int16, std::int16_t{-16})
      .uint32("a.uint32", 32)
      .float32("a.float32", 0.5F)
      .number("a.bool", gguf_bool, std::uint8_t{1})
      .number("a.int64", gguf_int64, std::int64_t{-64})
      .number("a.float64", gguf_float64, 0.25)
      .array("a.numbers", gguf_int32, std::vector<std::int32_t>{1, -2, 3})
      .texts("a.texts", {"one", "", "three"})
      .f32_tensor("norm", {4}, {1, 2, 3, 4})
      .tensor({"matrix", {32, 2}, tensor_q8_0, Bytes(2 * 34, std::byte{1})})
      .f32_tensor("last", {2, 3, 1, 1}, {1, 2, 3, 4, 5, 6});
  return writer;
}

/// What the refusal says; empty if the bytes are read. A copy of the exact size, so that reading
/// beyond it shows under the address sanitizer.
std::string refusal(const Bytes& bytes) {
  const Bytes copy(bytes);
  try {
    GgufFile("file.gguf", copy);
    return {};
  } catch (const ModelError& error) {
    return error.what();
  }
}

template <typename Number>
Bytes with_number(Bytes bytes, std::size_t offset, Number number) {
  std::memcpy(bytes.data() + offset, &number, sizeof(number));
  return bytes;
}

Bytes with_field(const Bytes& bytes, const GgufWriter::Field& field, std::uint64_t number) {
  Bytes changed = bytes;
  std::memcpy(changed.data() + field.offset, &number, field.bytes);
  return changed;
}

bool says(const std::string& message, std::string_view part) {
  return message.find(part) != std::string::npos;
}

std::string refusal_of_path(const std::filesystem::path& path) {
  try {
    GgufFile file(path);
    return {};
  } catch (const ModelError& error) {
    return error.what();
  }
}

/// A fresh folder that goes with the test.
struct TemporaryFolder {
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "squall-XXXXXX").string();
    BOOST_REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path = pattern;
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_valid_file_gives_its_metadata_and_tensors) {
  const Bytes bytes = small_file().bytes();
  const GgufFile file("file.gguf", bytes);
  const GgufMetadata& metadata = file.metadata();
  BOOST_TEST(metadata.text("general.architecture") == "llama");
  BOOST_TEST(metadata.integer("a.uint8", {}) == 8U);
  BOOST_TEST(metadata.integer("a.uint32", {}) == 32U);
  BOOST_TEST(metadata.real("a.float32") == 0.5);
  BOOST_TEST(metadata.real("a.float64") == 0.25);
  BOOST_TEST(metadata.find_boolean("a.bool").value());
  BOOST_TEST(metadata.integers("a.numbers") == (std::vector<std::int64_t>{1, -2, 3}),
             boost::test_tools::per_element());
  BOOST_TEST(metadata.texts("a.texts").at(2) == "three");
  BOOST_TEST(!metadata.find_integer("a.missing", {}));

  BOOST_TEST(file.tensors().size() == 3U);
  const GgufTensor* matrix = file.find_tensor("matrix");
  BOOST_REQUIRE(matrix);
  BOOST_TEST(shape_in_words(*matrix) == "[32, 2]");
  BOOST_TEST(matrix->data.size() == 68U);
  BOOST_TEST((matrix->data.data() - bytes.data()) % 32 == 0);
  float second = 0;
  std::memcpy(&second, file.find_tensor("norm")->data.data() + 4, 4);
  BOOST_TEST(second == 2.0F);
  BOOST_TEST(!file.find_tensor("absent"));
}

BOOST_AUTO_TEST_CASE(a_file_cut_short_at_any_byte_is_refused) {
  const Bytes bytes = small_file().bytes();
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    const Bytes cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length));
    BOOST_TEST(!refusal(cut).empty(), "cut to " << length << " of " << bytes.size() << " bytes");
  }
}

BOOST_AUTO_TEST_CASE(every_length_count_type_and_offset_that_is_far_off_is_refused_with_its_place) {
  GgufWriter writer = small_file();
  const Bytes bytes = writer.bytes();
  BOOST_TEST(writer.fields().size() > 40U);
  for (const GgufWriter::Field& field : writer.fields()) {
    const std::uint64_t greatest =
        field.bytes == 8 ? std::numeric_limits<std::uint64_t>::max() : 0xFFFFFFFFU;
    for (const std::uint64_t wrong : {greatest, greatest / 2, greatest / 2 + 1, greatest / 16,
                                      greatest - 31, std::uint64_t{bytes.size()} * 32}) {
      const std::string message = refusal(with_field(bytes, field, wrong));
      BOOST_TEST(says(message, "file.gguf: "),
                 field.meaning << " at " << field.offset << " is " << wrong << ": " << message);
      BOOST_TEST(says(message, "at byte "), field.meaning << ": " << message);
    }
  }
}

BOOST_AUTO_TEST_CASE(every_number_that_is_off_by_a_little_is_read_or_refused_but_never_crashes) {
  GgufWriter writer = small_file();
  const Bytes bytes = writer.bytes();
  std::size_t refused = 0;
  for (const GgufWriter::Field& field : writer.fields()) {
    for (std::uint64_t wrong = 0; wrong < 80; ++wrong) {
      refused += refusal(with_field(bytes, field, wrong)).empty() ? 0 : 1;
    }
  }
  BOOST_TEST(refused > writer.fields().size() * 40);
}

BOOST_AUTO_TEST_CASE(other_formats_versions_and_byte_orders_are_named) {
  const Bytes bytes = small_file().bytes();
  const auto with_magic = [&](std::string_view magic) {
    Bytes changed = bytes;
    std::memcpy(changed.data(), magic.data(), 4);
    return changed;
  };
  BOOST_TEST(says(refusal(with_number(bytes, 4, std::uint32_t{1})), "GGUF version 1"));
  BOOST_TEST(says(refusal(with_number(bytes, 4, std::uint32_t{2})), "GGUF version 2"));
  BOOST_TEST(says(refusal(with_number(bytes, 4, std::uint32_t{4})), "GGUF version 4"));
  BOOST_TEST(says(refusal(with_number(bytes, 4, std::uint32_t{0})), "GGUF version 0"));
  BOOST_TEST(says(refusal(with_number(bytes, 4, std::uint32_t{3} << 24)), "big-endian"));
  BOOST_TEST(says(refusal(with_magic("FUGG")), "big-endian"));
  BOOST_TEST(says(refusal(with_magic("lmgg")), "older GGML format"));
  BOOST_TEST(says(refusal(with_magic("vers")), "git lfs pull"));
  BOOST_TEST(says(refusal(with_magic("PK\3\4")), "no GGUF file"));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_in_a_right_file_is_refused_in_words) {
  const auto refusal_of = [](GgufWriter writer) { return refusal(writer.bytes()); };
  BOOST_TEST(says(refusal_of(small_file().uint32("a.uint32", 1)), "'a.uint32' appears twice"));
  BOOST_TEST(says(refusal_of(small_file().f32_tensor("norm", {1}, {1})), "'norm' appears twice"));
  BOOST_TEST(says(refusal_of(small_file().uint32("", 1)), "key is empty"));
  BOOST_TEST(says(refusal_of(small_file().f32_tensor("", {1}, {1})), "name is empty"));
  BOOST_TEST(
      says(refusal_of(small_file().number("flag", gguf_bool, std::uint8_t{2})), "must be 0 or 1"));
  BOOST_TEST(says(refusal_of(small_file().array("nested", gguf_array, std::vector<int>{})),
                  "arrays of arrays"));
  BOOST_TEST(says(refusal_of(small_file().f32_tensor("flat", {}, {})), "0 dimensions"));
  BOOST_TEST(
      says(refusal_of(small_file().f32_tensor("deep", {1, 1, 1, 1, 1}, {1})), "5 dimensions"));
  BOOST_TEST(says(refusal_of(small_file().tensor({"odd", {33}, tensor_q4_0, Bytes(36)})),
                  "no multiple of the 32"));
  const std::string unsupported =
      refusal_of(small_file().tensor({"iquant", {256}, tensor_iq2_xxs, Bytes(66)}));
  BOOST_TEST(
      says(unsupported, "'iquant' has the format iq2_xxs (type 16), which is not supported"));
  BOOST_TEST(says(unsupported, "use a model in f32, f16, bf16, q8_0"));
  BOOST_TEST(says(unsupported, "tq2_0 or i2_s"));
  BOOST_TEST(
      says(refusal_of(small_file().tensor({"strange", {256}, 77, Bytes(144)})), "unknown type 77"));
  BOOST_TEST(says(refusal_of(small_file().f32_tensor(std::string(65, 'n'), {1}, {1})),
                  "above the limit of 64"));
  BOOST_TEST(says(refusal_of(small_file().tensor(
                      {"huge", {std::uint64_t{1} << 32, std::uint64_t{1} << 32}, tensor_f32, {}})),
                  "larger than the whole file"));
}

/// 2 rows of 128 ternary values and, behind them, their scale.
GgufWriter file_with_i2_s(float scale, std::size_t bytes = 2 * 32 + 32) {
  Bytes data(bytes, std::byte{0x55});
  if (bytes >= 68) std::memcpy(data.data() + 64, &scale, sizeof scale);
  return small_file().tensor({"ternary", {128, 2}, tensor_i2_s, data});
}

BOOST_AUTO_TEST_CASE(a_tensor_of_i2_s_has_the_scale_that_lies_behind_its_blocks) {
  const Bytes bytes = file_with_i2_s(0.75F).bytes();
  const GgufFile file("file.gguf", bytes);
  BOOST_TEST(file.find_tensor("ternary")->scale == 0.75F);
  BOOST_TEST(file.find_tensor("ternary")->data.size() == 96U);
  BOOST_TEST(file.find_tensor("matrix")->scale == 1.0F);
}

BOOST_AUTO_TEST_CASE(a_scale_of_i2_s_that_is_no_number_or_not_there_is_refused) {
  for (const float scale :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    BOOST_TEST(says(refusal(file_with_i2_s(scale).bytes()),
                    "the scale of tensor 'ternary' is not a finite number"));
  }
  BOOST_TEST(says(refusal(file_with_i2_s(1.0F, 64).bytes()), "'ternary' needs 96 bytes"));
}

BOOST_AUTO_TEST_CASE(every_format_is_known_by_the_number_that_files_have_for_it) {
  struct Numbered {
    std::uint32_t number;
    std::string_view name;
  };
  // ggml.h's enum ggml_type; i2_s from bitnet.cpp's copy of it.
  constexpr Numbered numbers[] = {{0, "f32"},   {1, "f16"},    {2, "q4_0"},   {3, "q4_1"},
                                  {6, "q5_0"},  {7, "q5_1"},   {8, "q8_0"},   {10, "q2_k"},
                                  {11, "q3_k"}, {12, "q4_k"},  {13, "q5_k"},  {14, "q6_k"},
                                  {30, "bf16"}, {34, "tq1_0"}, {35, "tq2_0"}, {36, "i2_s"}};
  static_assert(std::size(numbers) == kernels::format_count);
  for (const auto& [number, name] : numbers) {
    const kernels::Format format = kernels::format_named(name).value();
    const std::size_t extra = format == kernels::Format::i2_s ? kernels::i2_s_scale_bytes : 0;
    const Bytes data(3 * kernels::bytes_per_row(format, 256) + extra);
    const Bytes bytes = GgufWriter().tensor({"weights", {256, 3}, number, data}).bytes();
    const GgufFile file("file.gguf", bytes);
    BOOST_TEST(kernels::name(file.find_tensor("weights")->format) == name);
    BOOST_TEST(file.find_tensor("weights")->data.size() == data.size());
  }
}

BOOST_AUTO_TEST_CASE(the_alignment_must_be_a_power_of_two_that_the_offsets_keep) {
  const auto refusal_with = [](std::uint32_t key, std::size_t padding) {
    return refusal(small_file().uint32("general.alignment", key).alignment(padding).bytes());
  };
  BOOST_TEST(refusal_with(64, 64) == "");
  BOOST_TEST(refusal_with(8, 8) == "");
  BOOST_TEST(says(refusal_with(48, 48), "power of two"));
  BOOST_TEST(says(refusal_with(0, 32), "between 8 and"));
  BOOST_TEST(says(refusal_with(4, 32), "between 8 and"));
  BOOST_TEST(says(refusal_with(64, 32), "no multiple of the alignment 64"));
  GgufWriter wrong_type = small_file().number("general.alignment", gguf_float32, 32.0F);
  BOOST_TEST(says(refusal(wrong_type.bytes()), "must be an integer but is float32"));
}

BOOST_AUTO_TEST_CASE(tensors_that_overlap_are_refused) {
  GgufWriter writer = small_file();
  const Bytes bytes = writer.bytes();
  std::vector<GgufWriter::Field> offsets;
  for (const GgufWriter::Field& field : writer.fields()) {
    if (field.meaning == "tensor offset") offsets.push_back(field);
  }
  BOOST_REQUIRE(offsets.size() == 3U);
  BOOST_TEST(says(refusal(with_field(bytes, offsets[1], 0)), "overlap"));
  BOOST_TEST(says(refusal(with_field(bytes, offsets[2], 64)), "overlap"));
}

BOOST_AUTO_TEST_CASE(look_ups_of_the_wrong_type_or_range_name_the_key) {
  const Bytes bytes = small_file().bytes();
  const GgufFile file("file.gguf", bytes);
  const GgufMetadata& metadata = file.metadata();
  const auto message_of = [](const auto& look_up) -> std::string {
    try {
      look_up();
      return {};
    } catch (const ModelError& error) {
      return error.what();
    }
  };
  const auto expect = [&](const auto& look_up, std::string_view part) {
    const std::string message = message_of(look_up);
    BOOST_TEST(says(message, part), message);
  };
  expect([&] { metadata.integer("a.missing", {}); }, "lack the key 'a.missing'");
  expect([&] { metadata.integer("a.float32", {}); }, "must be an integer but is float32");
  expect([&] { metadata.integer("a.int16", {}); }, "must be between 0 and");
  expect([&] { metadata.integer("a.uint32", {1, 31}); }, "between 1 and 31 but is 32");
  expect([&] { metadata.real("a.uint32"); }, "must be a floating-point number but is uint32");
  expect([&] { metadata.text("a.uint32"); }, "must be a string but is uint32");
  expect([&] { metadata.texts("a.numbers"); }, "but is array of int32");
  expect([&] { metadata.integers("a.texts"); }, "but is array of string");
  expect([&] { metadata.reals("a.numbers"); }, "must be an array of float32");
  expect([&] { metadata.find_boolean("a.uint8"); }, "must be a bool but is uint8");
}

BOOST_AUTO_TEST_CASE(a_file_on_disk_is_mapped_and_read) {
  const TemporaryFolder folder;
  const Bytes bytes = small_file().bytes();
  const auto path = folder.path / "model.gguf";
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  const GgufFile file(path);
  BOOST_TEST(file.bytes().size() == bytes.size());
  BOOST_TEST(file.metadata().integer("a.uint32", {}) == 32U);
}

BOOST_AUTO_TEST_CASE(paths_that_are_no_readable_file_are_refused_in_words) {
  const TemporaryFolder folder;
  BOOST_TEST(says(refusal_of_path(folder.path / "absent.gguf"), "No such file"));
  BOOST_TEST(says(refusal_of_path(folder.path), "is a directory"));
  const auto empty = folder.path / "empty.gguf";
  std::ofstream{empty};
  BOOST_TEST(says(refusal_of_path(empty), "is empty"));
  BOOST_TEST(says(refusal_of_path("/dev/null"), "not a regular file"));
}
