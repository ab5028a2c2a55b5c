// How many layers fit a GPU's memory.

#include "agents/engine/devices/placement.hpp"

#include <boost/test/unit_test.hpp>

#include "agents/engine/model/synthetic/synthetic_model.hpp"

using namespace squall::agents;

namespace {

/// Four layers of 100 bytes and 10 for keys and values each, output of 50, table of 40, scratch 5.
PlacementQuestion question(std::uint64_t memory) {
  return {.weights = {.table = 40, .output = 50, .layers = {100, 100, 100, 100}},
          .scratch = 5,
          .kv_layer_bytes = 10,
          .memory = memory};
}

Placement with(std::uint64_t memory) { return place_layers(question(memory)); }

}  // namespace

BOOST_AUTO_TEST_CASE(layers_are_placed_as_long_as_the_last_byte_of_them_fits) {
  BOOST_TEST((with(5 + 50 + 4 * 110 + 40) == Placement{.gpu_layers = 4, .whole = true}));
  BOOST_TEST((with(5 + 50 + 4 * 110 + 39) == Placement{.gpu_layers = 4}));
  BOOST_TEST((with(5 + 50 + 4 * 110) == Placement{.gpu_layers = 4}));
  BOOST_TEST((with(5 + 50 + 4 * 110 - 1) == Placement{.gpu_layers = 3}));
  BOOST_TEST((with(5 + 50 + 110) == Placement{.gpu_layers = 1}));
  BOOST_TEST((with(5 + 50 + 110 - 1) == Placement{.gpu_layers = 0}));
  BOOST_TEST((with(0) == Placement{.gpu_layers = 0}));
}

BOOST_AUTO_TEST_CASE(the_last_layers_are_those_that_are_placed) {
  PlacementQuestion uneven = question(5 + 50 + 310);
  uneven.weights.layers = {900, 200, 100, 90};
  BOOST_TEST(place_layers(uneven).gpu_layers == 2U);
  uneven.memory += 200;
  BOOST_TEST(place_layers(uneven).gpu_layers == 3U);
  BOOST_TEST(uneven.weights.last_layers(2) == 190U);
  BOOST_TEST(uneven.weights.last_layers(4) == 1290U);
}

BOOST_AUTO_TEST_CASE(less_gives_up_the_table_first_then_a_layer_each_time) {
  Placement placement{.gpu_layers = 2, .whole = true};
  placement = less(placement);
  BOOST_TEST((placement == Placement{.gpu_layers = 2}));
  placement = less(placement);
  BOOST_TEST((placement == Placement{.gpu_layers = 1}));
  BOOST_TEST((less(placement) == Placement{.gpu_layers = 0}));
}

BOOST_AUTO_TEST_CASE(a_models_weights_are_all_counted) {
  for (const char* name : {"synthetic:llama-15m/q8_0", "synthetic:llama-15m/q4_k"}) {
    const auto model = load_model(name);
    const WeightSizes sizes = weight_sizes(*model);
    const bool tied = model->output.data == model->token_embedding.data;
    BOOST_TEST(sizes.layers.size() == model->layers.size());
    // The file's norms and divisors of rope are all that is beside.
    const std::uint64_t counted =
        sizes.output + (tied ? 0 : sizes.table) + sizes.last_layers(model->layers.size());
    BOOST_TEST(counted <= model->weight_bytes);
    BOOST_TEST(counted + 4096 >= model->weight_bytes);
  }
}

BOOST_AUTO_TEST_CASE(scratch_has_room_for_each_buffer_of_a_pass) {
  const auto model = load_model("synthetic:llama-15m/q8_0");
  const Hyperparameters& shape = model->shape;
  const std::uint64_t activations =
      sizeof(float) * (2 * 10 * shape.dimension + 2 * 10 * shape.feed_forward +
                       4 * (shape.dimension + shape.vocabulary));
  const TransformerLimits limits{.tokens = 10, .wanted_rows = 4, .logits_rows = 4};
  BOOST_TEST(activation_bytes(shape, limits) >= activations);
  BOOST_TEST(activation_bytes(shape, limits) <= activations + 4096);
  BOOST_TEST(scratch_bytes(shape, limits, 3200) ==
             2 * activation_bytes(shape, limits) + (2 << 20) + 100);
}
