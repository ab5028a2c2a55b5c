// Formats on the recorded models: every quantized tensor is near the floats it was made from, and
// our own quantizers lose no more than those that made the files.

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstring>
#include <iomanip>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "agents/engine/model/gguf_file.hpp"
#include "kernels/formats/dequantize.hpp"
#include "kernels/formats/quantize.hpp"
#include "tests/agents/engine/expected_outputs.hpp"

using namespace squall;
using namespace squall::agents;
using kernels::Format;
namespace unit_test = boost::unit_test;

namespace {

struct Pair {
  std::string quantized;
  std::string original;  // the same weights, (nearly) exact
};

// The padded stories and the random weights have no f32 file; q8_0 and bf16 are near enough.
const std::vector<Pair> pairs{
    {"stories260k-f16", "stories260k-f32"},     {"stories260k-q8_0", "stories260k-f32"},
    {"stories260k-q4_0", "stories260k-f32"},    {"stories260k-q4_1", "stories260k-f32"},
    {"stories260k-q5_0", "stories260k-f32"},    {"stories260kp-q3_k", "stories260kp-q8_0"},
    {"stories260kp-q4_k", "stories260kp-q8_0"}, {"stories260kp-q5_k", "stories260kp-q8_0"},
    {"stories260kp-q6_k", "stories260kp-q8_0"}, {"synth256-q2_k", "synth256-bf16"},
    {"synth256-q3_k", "synth256-bf16"},         {"synth256-q4_0", "synth256-bf16"},
    {"synth256-q4_k", "synth256-bf16"},         {"synth256-q4_k_m", "synth256-bf16"},
    {"synth256-q5_1", "synth256-bf16"},         {"synth256-q6_k", "synth256-bf16"},
    {"bitnet256-tq1_0", "bitnet256-f32"},       {"bitnet256-tq2_0", "bitnet256-f32"}};

std::size_t rows(const GgufTensor& tensor) { return tensor.extents[1] * tensor.extents[2]; }

std::vector<float> values_of(const GgufTensor& tensor) {
  std::vector<float> values(rows(tensor) * tensor.extents[0]);
  const kernels::TensorView view{tensor.format, rows(tensor), tensor.extents[0], tensor.data.data(),
                                 tensor.scale};
  for (std::size_t r = 0; r < view.rows; ++r) {
    kernels::dequantize_row(view, r, std::span(values).subspan(r * view.columns, view.columns));
  }
  return values;
}

/// Root mean square of the differences, relative to that of the values.
struct RelativeError {
  double differences = 0;
  double squares = 0;

  void add(const std::vector<float>& exact, const std::vector<float>& found) {
    for (std::size_t i = 0; i < exact.size(); ++i) {
      const double difference = double{exact[i]} - double{found[i]};
      differences += difference * difference;
      squares += double{exact[i]} * double{exact[i]};
    }
  }
  double value() const { return squares > 0 ? std::sqrt(differences / squares) : 0; }
};

struct Losses {
  RelativeError file;
  RelativeError own;
  std::size_t tensors = 0;
  std::size_t same_bytes = 0;  // tensors of which our quantizer writes the very bytes
};

/// What a format loses of such weights, relative to their root mean square.
struct Expected {
  double least;
  double most;
};
const std::map<Format, Expected> expected_losses{
    {Format::f32, {0, 0}},          {Format::f16, {1e-4, 3e-4}},   {Format::q8_0, {0.004, 0.007}},
    {Format::q6_k, {0.014, 0.021}}, {Format::q5_k, {0.03, 0.042}}, {Format::q5_1, {0.033, 0.043}},
    {Format::q5_0, {0.037, 0.048}}, {Format::q4_k, {0.062, 0.08}}, {Format::q4_1, {0.07, 0.09}},
    {Format::q4_0, {0.075, 0.095}}, {Format::q3_k, {0.13, 0.17}},  {Format::q2_k, {0.24, 0.32}},
    {Format::tq1_0, {0, 0}},        {Format::tq2_0, {0, 0}}};  // of ternary weights

/// Both quantize by the same simple rule.
bool has_one_rule(Format format) {
  return kernels::values_per_block(format) <= 32 || format == Format::tq1_0 ||
         format == Format::tq2_0;
}

void compare(const GgufTensor& tensor, const GgufTensor& original, Losses& losses) {
  const std::vector<float> exact = values_of(original);
  losses.file.add(exact, values_of(tensor));

  std::vector<std::byte> bytes(tensor.data.size());
  const kernels::TensorView own =
      kernels::quantize_matrix(tensor.format, exact, rows(tensor), tensor.extents[0], bytes);
  GgufTensor requantized = tensor;
  requantized.data = bytes;
  requantized.scale = own.scale;
  losses.own.add(exact, values_of(requantized));
  ++losses.tensors;
  if (std::memcmp(bytes.data(), tensor.data.data(), bytes.size()) == 0) ++losses.same_bytes;
}

std::map<Format, Losses> compare(const Pair& pair) {
  const GgufFile quantized(test_models() / "gguf" / (pair.quantized + ".gguf"));
  const GgufFile original(test_models() / "gguf" / (pair.original + ".gguf"));
  std::map<Format, Losses> losses;
  for (const GgufTensor& tensor : quantized.tensors()) {
    const GgufTensor* exact = original.find_tensor(tensor.name);
    BOOST_REQUIRE_MESSAGE(exact, pair.original << " has no tensor " << tensor.name);
    BOOST_REQUIRE(shape_in_words(*exact) == shape_in_words(tensor));
    compare(tensor, *exact, losses[tensor.format]);
  }
  return losses;
}

std::string table_line(const Pair& pair, Format format, const Losses& losses) {
  std::ostringstream line;
  line << std::left << std::setw(20) << pair.quantized << std::setw(7) << kernels::name(format)
       << std::right << std::setw(3) << losses.tensors << std::fixed << std::setprecision(5)
       << std::setw(10) << losses.file.value() << std::setw(10) << losses.own.value()
       << std::setw(5) << losses.same_bytes;
  return line.str();
}

}  // namespace

BOOST_TEST_DECORATOR(*unit_test::precondition(models_are_at_hand))
BOOST_AUTO_TEST_CASE(recorded_files_lose_what_their_formats_lose_and_our_quantizers_no_more) {
  BOOST_TEST_MESSAGE("relative error; tensors that our quantizer makes byte for byte the same");
  BOOST_TEST_MESSAGE("model               format tensors file       own same");
  for (const Pair& pair : pairs) {
    const bool exact = pair.original.ends_with("f32");
    for (const auto& [format, losses] : compare(pair)) {
      BOOST_TEST_MESSAGE(table_line(pair, format, losses));
      const Expected& expected = expected_losses.at(format);
      BOOST_TEST_CONTEXT(table_line(pair, format, losses)) {
        BOOST_TEST(losses.file.value() >= expected.least);
        BOOST_TEST(losses.file.value() <= expected.most);
        BOOST_TEST(losses.own.value() <= losses.file.value());
        if (exact && has_one_rule(format)) BOOST_TEST(losses.same_bytes == losses.tensors);
      }
    }
  }
}
