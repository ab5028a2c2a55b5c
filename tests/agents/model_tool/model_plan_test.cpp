// Shapes become the tensors that files of their architecture have, mixtures the formats.

#include "agents/engine/model/synthetic/model_plan.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>

using namespace squall::agents;
using squall::kernels::Format;

namespace {

const NamedShape& shape_named(std::string_view name) {
  const auto& shapes = named_shapes();
  return *std::ranges::find(shapes, name, &NamedShape::name);
}

std::vector<PlannedTensor> plan(std::string_view name) {
  const NamedShape& shape = shape_named(name);
  return plan_tensors(hyperparameters_of(shape), shape.tied);
}

const PlannedTensor& tensor_named(const std::vector<PlannedTensor>& tensors,
                                  const std::string& name) {
  const auto found = std::ranges::find(tensors, name, &PlannedTensor::name);
  BOOST_REQUIRE(found != tensors.end());
  return *found;
}

Format format_of(std::string_view shape, const std::string& tensor, std::string_view mix) {
  const auto tensors = plan(shape);
  return planned_format(tensor_named(tensors, tensor), *format_mix_named(mix),
                        shape_named(shape).layers);
}

}  // namespace

BOOST_AUTO_TEST_CASE(parameters_add_up_to_the_sizes_that_shapes_are_named_by) {
  const std::vector<std::pair<std::string, double>> sizes{
      {"llama-135m", 134.5e6}, {"llama-7b", 6.74e9},    {"llama-8b", 8.03e9}, {"llama-70b", 70.6e9},
      {"qwen2-0.5b", 0.494e9}, {"qwen3-0.6b", 0.596e9}, {"bitnet-2b", 2.41e9}};
  for (const auto& [name, expected] : sizes) {
    double values = 0;
    for (const PlannedTensor& tensor : plan(name)) {
      double product = 1;
      for (const std::uint64_t extent : tensor.extents) product *= static_cast<double>(extent);
      values += product;
    }
    BOOST_TEST(values == expected, boost::test_tools::tolerance(0.01));
  }
}

BOOST_AUTO_TEST_CASE(each_architecture_has_its_own_vectors) {
  const auto has = [](std::string_view shape, std::string_view tensor) {
    return std::ranges::any_of(plan(shape),
                               [&](const PlannedTensor& each) { return each.name == tensor; });
  };
  BOOST_TEST(has("qwen2-0.5b", "blk.0.attn_q.bias"));
  BOOST_TEST(has("qwen3-0.6b", "blk.27.attn_k_norm.weight"));
  BOOST_TEST(has("bitnet-2b", "blk.3.ffn_sub_norm.weight"));
  BOOST_TEST(!has("llama-1b", "blk.0.attn_q.bias"));
  BOOST_TEST(has("llama-1b", "output.weight"));
  BOOST_TEST(!has("llama-135m", "output.weight"));  // tied
}

BOOST_AUTO_TEST_CASE(q4_k_m_gives_its_sensitive_matrices_six_bits) {
  BOOST_TEST((format_of("llama-1b", "blk.0.ffn_down.weight", "Q4_K_M") == Format::q6_k));
  BOOST_TEST((format_of("llama-1b", "blk.2.ffn_down.weight", "q4_k_m") == Format::q4_k));
  BOOST_TEST((format_of("llama-1b", "blk.4.attn_v.weight", "q4_k_m") == Format::q6_k));
  BOOST_TEST((format_of("llama-1b", "blk.15.attn_v.weight", "q4_k_m") == Format::q6_k));
  BOOST_TEST((format_of("llama-1b", "blk.0.ffn_up.weight", "q4_k_m") == Format::q4_k));
  BOOST_TEST((format_of("llama-1b", "output.weight", "q4_k_m") == Format::q6_k));
  BOOST_TEST((format_of("llama-1b", "token_embd.weight", "q4_k_m") == Format::q4_k));
  BOOST_TEST((format_of("llama-1b", "output_norm.weight", "q4_k_m") == Format::f32));
}

BOOST_AUTO_TEST_CASE(rows_that_are_no_whole_blocks_get_a_format_of_smaller_blocks) {
  // Rows of 576 are no multiple of 256, those of 1536 are.
  BOOST_TEST((format_of("llama-135m", "blk.0.ffn_up.weight", "q4_k") == Format::q5_0));
  BOOST_TEST((format_of("llama-135m", "token_embd.weight", "q4_k_m") == Format::q8_0));
  BOOST_TEST((format_of("llama-135m", "blk.1.ffn_down.weight", "q3_k") == Format::q3_k));
  BOOST_TEST((format_of("llama-135m", "blk.0.ffn_up.weight", "q2_k") == Format::q4_0));
  BOOST_TEST((format_of("llama-15m", "blk.0.ffn_up.weight", "tq2_0") == Format::q8_0));
}

BOOST_AUTO_TEST_CASE(unknown_formats_have_no_mixture) {
  BOOST_TEST(!format_mix_named("q4_k_x"));
  BOOST_TEST((format_mix_named("BF16")->base == Format::bf16));
  for (const std::string& name : format_mix_names()) BOOST_TEST(format_mix_named(name).has_value());
}
