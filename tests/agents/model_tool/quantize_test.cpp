// Files written by synth and quantize are models: they load, and lose as much as their formats do.

#include <boost/test/unit_test.hpp>

#include "agents/engine/model/gguf_file.hpp"
#include "agents/engine/model/model.hpp"
#include "agents/engine/model/model_weights.hpp"
#include "agents/engine/model/synthetic/model_plan.hpp"
#include "agents/model_tool/quantize_command.hpp"
#include "agents/model_tool/synth_command.hpp"
#include "kernels/formats/dequantize.hpp"
#include "tests/fixtures/process.hpp"

using namespace squall;
using namespace squall::agents;

namespace {

struct SmallModel {
  tests::TemporaryFolder folder;
  std::filesystem::path path = folder.path() / "small.gguf";

  explicit SmallModel(const std::string& shape = "llama-1b", const std::string& format = "f32") {
    SynthOptions options;
    options.shape = shape;
    options.format = format;
    options.output = path;
    options.layers = 2;
    options.dimension = 256;
    options.feed_forward = 512;
    options.heads = 4;
    options.kv_heads = 2;
    options.vocabulary = 300;
    options.context = 64;
    synth_command(options);
  }
};

double relative_error(const GgufTensor& exact, const GgufTensor& lossy) {
  std::vector<float> a(exact.extents[0]);
  std::vector<float> b(exact.extents[0]);
  double lost = 0;
  double whole = 0;
  for (std::uint64_t row = 0; row < exact.extents[1]; ++row) {
    kernels::dequantize_row(
        exact.format, exact.data.data() + row * kernels::bytes_per_row(exact.format, a.size()), a);
    kernels::dequantize_row(
        lossy.format, lossy.data.data() + row * kernels::bytes_per_row(lossy.format, b.size()), b);
    for (std::size_t i = 0; i < a.size(); ++i) {
      const auto difference = static_cast<double>(a[i] - lossy.scale * b[i]);
      lost += difference * difference;
      whole += static_cast<double>(a[i]) * static_cast<double>(a[i]);
    }
  }
  return lost / whole;
}

QuantizeOptions options_for(const SmallModel& model, const std::string& output) {
  QuantizeOptions options;
  options.input = model.path.string();
  options.output = model.folder.path() / output;
  return options;
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_format_makes_a_model_that_loads_and_resembles_the_original) {
  const SmallModel model;
  const GgufFile exact(model.path);
  for (const std::string& format : format_mix_names()) {
    QuantizeOptions options = options_for(model, format + ".gguf");
    options.format = format;
    BOOST_TEST_CONTEXT(format) {
      BOOST_TEST(quantize_command(options) == 0);
      // Whatever was made of random weights is known as such: reports of its runs must say so.
      BOOST_TEST(read_gguf_model(options.output)->synthetic);
      const GgufFile lossy(options.output);
      const double error = relative_error(*exact.find_tensor("blk.1.ffn_up.weight"),
                                          *lossy.find_tensor("blk.1.ffn_up.weight"));
      // Weights are spread evenly here; the best that ternary formats can do is 0.25 to 0.3.
      const bool ternary = format.starts_with("tq") || format == "i2_s";
      BOOST_TEST(error < (ternary ? 0.35 : format == "q2_k" ? 0.12 : 0.05));
    }
  }
}

BOOST_AUTO_TEST_CASE(the_same_options_write_the_same_bytes_and_another_seed_others) {
  const SmallModel one("qwen3-0.6b", "q4_0");
  const SmallModel same("qwen3-0.6b", "q4_0");
  BOOST_TEST(tests::read_file(one.path) == tests::read_file(same.path));
}

BOOST_AUTO_TEST_CASE(a_dynamic_mixture_keeps_its_budget_and_beats_one_format_of_that_size) {
  const SmallModel model;
  QuantizeOptions fixed = options_for(model, "fixed.gguf");
  fixed.format = "q4_k";
  quantize_command(fixed);
  QuantizeOptions dynamic = options_for(model, "dynamic.gguf");
  dynamic.dynamic = true;
  dynamic.bits_per_weight = 4.5;
  quantize_command(dynamic);
  BOOST_TEST(std::filesystem::file_size(dynamic.output) <=
             std::filesystem::file_size(fixed.output) + 256);
  const GgufFile exact(model.path);
  const auto total = [&](const std::filesystem::path& path) {
    const GgufFile file(path);
    double error = 0;
    for (const GgufTensor& tensor : exact.tensors()) {
      if (tensor.dimensions == 2) {
        error += relative_error(tensor, *file.find_tensor(tensor.name));
      }
    }
    return error;
  };
  BOOST_TEST(total(dynamic.output) <= total(fixed.output));
}

BOOST_AUTO_TEST_CASE(contradictory_wishes_and_lossy_inputs_are_refused_with_a_remedy) {
  const SmallModel model("llama-1b", "q8_0");
  const auto refused = [](const QuantizeOptions& options, const std::string& remedy) {
    BOOST_CHECK_EXCEPTION(quantize_command(options), ModelError, [&](const ModelError& error) {
      return std::string(error.what()).find(remedy) != std::string::npos;
    });
  };
  QuantizeOptions options = options_for(model, "out.gguf");
  refused(options, "--format");
  options.format = "q4_0";
  refused(options, "--requantize");
  options.dynamic = true;
  refused(options, "either");
  options.format.clear();
  refused(options, "--budget");
  options.bits_per_weight = 1.0;
  options.requantize = true;
  refused(options, "allow more");
  options.output = model.path;
  refused(options, "--force");
  BOOST_TEST(!std::filesystem::exists(model.folder.path() / "out.gguf"));
}
