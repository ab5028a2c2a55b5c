#include "agents/hardware/model_facts.hpp"

#include <boost/test/unit_test.hpp>

#include "agents/engine/model/synthetic/synthetic_model.hpp"
#include "kernels/backend_selection.hpp"
#include "tests/fixtures/apart_device.hpp"

using namespace squall;
using namespace squall::agents;
using kernels::KvFormat;

namespace {

scenarios::ModelFacts facts_of(const Model& model, KvFormat kv = KvFormat::f16) {
  return model_facts(model, EngineBackends(kernels::make_cpu_backend(1), model.layers.size()), kv,
                     12345);
}

/// By the shape's own arithmetic: layers of attention and a gated feed-forward part.
std::uint64_t matrix_values(const Hyperparameters& shape) {
  const std::uint64_t attention =
      shape.dimension * shape.head_dimension * (2 * shape.heads + 2 * shape.kv_heads);
  return shape.layers * (attention + 3 * shape.dimension * shape.feed_forward);
}

}  // namespace

BOOST_AUTO_TEST_CASE(parameters_and_multiply_adds_follow_from_the_shape) {
  const auto model = load_model("synthetic:llama-15m/q8_0");
  const Hyperparameters& shape = model->shape;
  const auto facts = facts_of(*model);
  const std::uint64_t table = shape.vocabulary * shape.dimension;
  const bool tied = model->output.data == model->token_embedding.data;
  const std::uint64_t norms = (2 * shape.layers + 1) * shape.dimension;
  BOOST_TEST(facts.parameters == matrix_values(shape) + norms + (tied ? table : 2 * table));
  BOOST_TEST(facts.multiply_adds == matrix_values(shape) + table);
  BOOST_TEST(facts.output_multiply_adds == table);
  BOOST_TEST(facts.format == "q8_0");
  BOOST_TEST(facts.file_bytes == 12345u);
}

BOOST_AUTO_TEST_CASE(a_step_reads_each_weight_once_but_of_an_embedding_of_its_own_only_a_row) {
  auto model = load_model("synthetic:llama-15m/q8_0");
  const bool tied = model->output.data == model->token_embedding.data;
  const std::uint64_t table =
      model->token_embedding.rows *
      kernels::bytes_per_row(model->token_embedding.format, model->token_embedding.columns);
  BOOST_TEST(facts_of(*model).weight_bytes == model->weight_bytes - (tied ? 0 : table));
  // 34 bytes for 32 values, norms in floats.
  BOOST_TEST(static_cast<double>(facts_of(*model).weight_bytes) >
             1.0625 * static_cast<double>(facts_of(*model).multiply_adds));
  BOOST_TEST(static_cast<double>(facts_of(*model).weight_bytes) <
             1.08 * static_cast<double>(facts_of(*model).multiply_adds));
}

BOOST_AUTO_TEST_CASE(a_position_of_keys_and_values_takes_what_its_format_takes) {
  const auto model = load_model("synthetic:llama-15m/q8_0");
  const Hyperparameters& shape = model->shape;
  const std::uint64_t values = 2 * shape.layers * shape.kv_heads * shape.head_dimension;
  BOOST_TEST(facts_of(*model, KvFormat::f32).kv_bytes == 4 * values);
  BOOST_TEST(facts_of(*model, KvFormat::f16).kv_bytes == 2 * values);
  BOOST_TEST(facts_of(*model, KvFormat::q8_0).kv_bytes > values);
  BOOST_TEST(facts_of(*model, KvFormat::q8_0).kv_bytes < 2 * values);
}

BOOST_AUTO_TEST_CASE(the_device_that_computes_is_told_and_whether_it_computes_all) {
  const auto model = load_model("synthetic:llama-15m/q8_0");
  const std::size_t all = model->layers.size();
  fixtures::ApartDevice device;
  const auto with_cpu_layers = [&](std::size_t count) {
    std::vector<BackendShare> shares;
    shares.push_back({.backend = kernels::make_cpu_backend(1), .layers = count});
    shares.push_back({.backend = std::make_unique<fixtures::ApartBackend>(device),
                      .layers = all - count,
                      .memory = 1,
                      .address = "0000:c1:00.0"});
    return model_facts(*model, EngineBackends(std::move(shares)), KvFormat::f16, 0);
  };
  BOOST_TEST(!facts_of(*model).on_gpu);
  BOOST_TEST(!facts_of(*model).hybrid);
  BOOST_TEST(facts_of(*model).gpu == "");
  BOOST_TEST(facts_of(*model).gpu_address == "");
  BOOST_TEST(with_cpu_layers(2).on_gpu);
  BOOST_TEST(with_cpu_layers(2).hybrid);
  BOOST_TEST(with_cpu_layers(2).gpu == "apart device");
  BOOST_TEST(with_cpu_layers(2).gpu_address == "0000:c1:00.0");
  // A CPU that only looks tokens up computes no layer.
  BOOST_TEST(with_cpu_layers(0).on_gpu);
  BOOST_TEST(!with_cpu_layers(0).hybrid);
}
