// From the wish for a device to an engine: what fits, what is replaced, and what is said about it.

#include "agents/engine/devices/device_building.hpp"

#include <boost/test/unit_test.hpp>

#include "agents/engine/inference_engine.hpp"
#include "kernels/backend_selection.hpp"
#include "tests/fixtures/apart_device.hpp"

using namespace squall;
using namespace squall::agents;

namespace {

const EngineOptions small{.max_batch = 2, .prefill_chunk = 32, .kv_bytes = 2 << 20};

struct Fixture {
  std::shared_ptr<const Model> model = load_model("synthetic:llama-15m/q8_0");
  fixtures::ApartDevice device;
  fixtures::ApartModule module{device};
  kernels::GpuSearch search = module.search();
  DeviceWishes wishes;
  EngineOptions options = small;
  std::size_t searches = 0;
  std::size_t builds = 0;
  std::unique_ptr<InferenceEngine> engine;

  std::vector<std::string> build() {
    engine.reset();
    const DeviceSources sources{.make_cpu = [] { return kernels::make_cpu_backend(1); },
                                .find_gpus =
                                    [this] {
                                      ++searches;
                                      return search;
                                    }};
    return build_on_device(*model, wishes, device_demand(model->shape, options), sources,
                           [this](EngineBackends backends) {
                             ++builds;
                             engine = std::make_unique<InferenceEngine>(model, std::move(backends),
                                                                        options);
                           });
  }
  std::string why_refused() {
    try {
      build();
    } catch (const DeviceUnavailable& error) {
      return error.what();
    }
    return {};
  }
  void without_gpus() { search = {.usable = {}, .reasons = {"no driver", "gfx803 is too old"}}; }
  std::size_t layers_apart() const {
    for (const BackendShare& share : engine->backends().shares())
      if (!share.backend->uses_host_memory()) return share.layers;
    return 0;
  }
  /// Room for all weights but those of `layers` layers.
  std::uint64_t memory_for_all_but(std::size_t layers) const {
    const WeightSizes sizes = weight_sizes(*model);
    const std::uint64_t rest =
        sizes.output + sizes.last_layers(model->layers.size() - layers) + options.kv_bytes +
        scratch_bytes(model->shape, device_demand(model->shape, options).limits, 0);
    return rest + rest / 16;
  }
  std::vector<TokenId> answer() {
    std::vector<TokenId> tokens;
    engine->submit({.id = 1, .prompt = {5, 6, 7}, .max_tokens = 5, .stop_at_end_token = false});
    while (!engine->idle())
      for (const auto& token : engine->step().tokens) tokens.push_back(token.token);
    return tokens;
  }
  std::vector<TokenId> answer_of_cpu() {
    engine = std::make_unique<InferenceEngine>(model, kernels::make_cpu_backend(1), options);
    return answer();
  }
};

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(device_building, Fixture)

BOOST_AUTO_TEST_CASE(the_cpu_is_taken_without_a_look_at_gpus) {
  wishes = {.device = Device::cpu, .is_named = true, .require_gpu = true};
  BOOST_TEST(build().empty());
  BOOST_TEST(searches == 0U);
  BOOST_TEST(layers_apart() == 0U);
}

BOOST_AUTO_TEST_CASE(a_gpu_with_room_gets_the_whole_model) {
  for (const Device wish : {Device::automatic, Device::gpu, Device::hybrid}) {
    wishes.device = wish;
    BOOST_TEST(build().empty());
    BOOST_TEST(engine->backends().shares().size() == 1U);
    BOOST_TEST(engine->backends().name() == "apart device");
  }
  BOOST_TEST((answer() == answer_of_cpu()));
}

BOOST_AUTO_TEST_CASE(without_a_gpu_the_cpu_computes_and_says_why_where_one_was_asked_for) {
  without_gpus();
  BOOST_TEST(build().empty());  // nobody asked
  wishes.is_named = true;
  const std::string why = ": the CPU computes instead of a GPU: no driver; gfx803 is too old";
  BOOST_TEST(build() == std::vector<std::string>{"device auto" + why},
             boost::test_tools::per_element());
  for (const bool named : {false, true}) {
    wishes = {.device = Device::gpu, .is_named = named};
    BOOST_TEST(build() == std::vector<std::string>{"device gpu" + why},
               boost::test_tools::per_element());
    wishes = {.device = Device::hybrid, .is_named = named};
    BOOST_TEST(build() == std::vector<std::string>{"device hybrid" + why},
               boost::test_tools::per_element());
    BOOST_TEST(layers_apart() == 0U);
  }
  BOOST_TEST(!answer().empty());
}

BOOST_AUTO_TEST_CASE(a_required_gpu_that_is_missing_is_an_error) {
  without_gpus();
  for (const Device wish : {Device::automatic, Device::gpu, Device::hybrid}) {
    wishes = {.device = wish, .require_gpu = true};
    BOOST_TEST(contains(why_refused(), "cannot be had: no driver; gfx803 is too old"));
  }
  BOOST_TEST(builds == 0U);
}

BOOST_AUTO_TEST_CASE(a_gpu_is_found_by_its_number) {
  wishes = {.device = Device::gpu, .index = 1};
  const std::vector<std::string> warnings = build();
  BOOST_REQUIRE(warnings.size() == 1U);
  BOOST_TEST(contains(warnings[0], "there is no usable GPU 1; there is 0 (Apart 1)"));
  BOOST_TEST(layers_apart() == 0U);
  wishes.index = 0;
  build();
  BOOST_TEST(layers_apart() > 0U);
}

BOOST_AUTO_TEST_CASE(layers_that_do_not_fit_stay_on_the_cpu_and_answers_stay_the_same) {
  const std::vector<TokenId> expected = answer_of_cpu();
  for (const std::size_t left_out : {1U, 3U, 5U}) {
    for (const Device wish : {Device::hybrid, Device::gpu, Device::automatic}) {
      wishes = {.device = wish, .gpu_memory = memory_for_all_but(left_out)};
      const std::vector<std::string> warnings = build();
      BOOST_TEST(layers_apart() > 0U);
      BOOST_TEST(layers_apart() < model->layers.size());
      BOOST_TEST(device.taken <= wishes.gpu_memory);
      BOOST_TEST(warnings.size() == (wish == Device::gpu ? 1U : 0U));
      if (wish == Device::gpu) {
        BOOST_TEST(
            contains(warnings[0], "only " + std::to_string(layers_apart()) + " of 6 layers fit"));
      }
      BOOST_TEST((answer() == expected));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_required_gpu_must_have_room_for_all_layers_unless_hybrid_is_asked_for) {
  wishes = {.device = Device::gpu, .gpu_memory = memory_for_all_but(2), .require_gpu = true};
  BOOST_TEST(contains(why_refused(), "of 6 layers of synthetic:llama-15m/q8_0 fit the"));
  wishes.device = Device::hybrid;
  build();
  BOOST_TEST(layers_apart() > 0U);
  wishes.gpu_memory = 1 << 20;
  BOOST_TEST(contains(why_refused(), "not one layer of synthetic:llama-15m/q8_0 fits the 1 MiB"));
}

BOOST_AUTO_TEST_CASE(memory_that_runs_out_while_loading_costs_a_layer_at_a_time) {
  device.memory = memory_for_all_but(4);  // of which the search knows nothing
  wishes.device = Device::hybrid;
  const std::vector<std::string> warnings = build();
  BOOST_TEST(layers_apart() > 0U);
  BOOST_TEST(layers_apart() < 6U);
  // Whole, without the table, then one layer fewer each time.
  BOOST_TEST(builds == 2U + (6U - layers_apart()));
  BOOST_TEST(device.backends == builds);
  device.memory = 1000;
  const std::vector<std::string> none = build();
  BOOST_REQUIRE(none.size() == 1U);
  BOOST_TEST(contains(none[0], "not one layer"));
  BOOST_TEST(contains(none[0], "(the apart device is full)"));
  BOOST_TEST(layers_apart() == 0U);
}

BOOST_AUTO_TEST_CASE(a_gpu_that_cannot_start_is_replaced_and_quoted) {
  module.cannot_start = "hipErrorNoBinaryForGpu";
  wishes.device = Device::gpu;
  const std::vector<std::string> warnings = build();
  BOOST_REQUIRE(warnings.size() == 1U);
  BOOST_TEST(contains(warnings[0], "hipErrorNoBinaryForGpu"));
  BOOST_TEST(layers_apart() == 0U);
  wishes.require_gpu = true;
  BOOST_TEST(contains(why_refused(), "hipErrorNoBinaryForGpu"));
}

BOOST_AUTO_TEST_CASE(keys_and_values_leave_room_for_a_table_that_the_device_has_twice) {
  // As where the file has no output of its own.
  const auto tied = std::const_pointer_cast<Model>(model);
  tied->weight_bytes -=
      model->output.rows * kernels::bytes_per_row(model->output.format, model->output.columns);
  tied->output = tied->token_embedding;
  const WeightSizes sizes = weight_sizes(*tied);
  BOOST_REQUIRE(sizes.table > 4U << 20);
  options.kv_bytes = 0;
  options.max_batch = 8;  // more pages than fit
  const DeviceDemand demand = device_demand(model->shape, options);
  const std::uint64_t layers = sizes.last_layers(model->layers.size());
  const std::uint64_t pages =
      demand.least_pages * model->layers.size() *
      kernels::make_cpu_backend(1)->kv_page_bytes({.format = demand.kv_format,
                                                   .kv_heads = model->shape.kv_heads,
                                                   .head_dimension = model->shape.head_dimension});
  const std::uint64_t wanted =
      sizes.table + sizes.output + layers + pages + scratch_bytes(model->shape, demand.limits, 0);
  wishes = {.device = Device::gpu, .gpu_memory = wanted + wanted / 30};
  BOOST_TEST(build().empty());
  BOOST_TEST(engine->backends().shares().size() == 1U);
  BOOST_TEST(builds == 1U);
  BOOST_TEST(engine->load().pages >= demand.least_pages);
  BOOST_TEST(device.taken <= wishes.gpu_memory);
}

BOOST_AUTO_TEST_CASE(the_place_of_the_gpu_is_told_with_its_layers) {
  search.usable[0].device.address = "0000:c1:00.0";
  build();
  BOOST_TEST(engine->backends().shares().back().address == "0000:c1:00.0");
}

BOOST_AUTO_TEST_CASE(an_emulated_gpu_says_so) {
  search.usable[0].device.architecture = "emulation";
  const std::vector<std::string> warnings = build();
  BOOST_REQUIRE(warnings.size() == 1U);
  BOOST_TEST(contains(warnings[0], "an emulation of a GPU computes"));
}

BOOST_AUTO_TEST_CASE(engines_side_by_side_take_a_part_of_the_memory_each) {
  constexpr std::uint64_t all = std::uint64_t{1} << 30;
  const auto taken_by = [this](std::size_t sharers, std::uint64_t free, std::uint64_t most = 0) {
    search.usable[0].device.memory_bytes = all;
    search.usable[0].device.free_bytes = free;
    wishes = {.device = Device::gpu, .gpu_memory = most, .sharers = sharers};
    build();
    return engine->backends().shares().back().memory;
  };
  BOOST_TEST(taken_by(1, all) == all / 10 * 9);
  BOOST_TEST(taken_by(4, all) == all / 10 * 9 / 4);
  // As much for the last, when the others have theirs.
  BOOST_TEST(taken_by(4, all - 3 * (all / 10 * 9 / 4)) == all / 10 * 9 / 4);
  // Never more than is free, and what was asked for is each one's.
  BOOST_TEST(taken_by(4, all / 8) == all / 8 / 10 * 9);
  BOOST_TEST(taken_by(4, all, all / 2) == all / 2);
}

BOOST_AUTO_TEST_SUITE_END()
