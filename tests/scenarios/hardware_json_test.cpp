// What is written of machines and models can be read back, and what is none of it is not believed.

#include "scenarios/hardware/hardware_json.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

using namespace squall::scenarios;
using nlohmann::json;

namespace {

/// With something in every field, so that one that is forgotten fails.
HardwareFacts some_machine() {
  HardwareFacts facts;
  facts.declared_class = "cpu-high-end";
  facts.processor = "A processor";
  facts.architecture = "x86_64";
  facts.sockets = 2;
  facts.cores = 32;
  facts.threads = 64;
  facts.performance_cores = 24;
  facts.efficiency_cores = 8;
  facts.instruction_sets = {"avx2", "avx512_vnni"};
  facts.l1_data_bytes = 32'768;
  facts.l2_bytes = 1'048'576;
  facts.l3_bytes = 33'554'432;
  facts.memory_bytes = 68'719'476'736;
  facts.memory_free_bytes = 34'359'738'368;
  facts.gpus = {
      {"A GPU", "AMD", "6.1", "6.0", "gfx942", 206'158'430'208, false, 4e12, 6e14, "0000:c1:00.0"},
      {"Another", "", "", "", "", 0, true, 0, 0, ""}};
  facts.cpu_limit = 12.5;
  facts.memory_limit_bytes = 8'589'934'592;
  facts.kernel = "6.1.0";
  facts.governor = "performance";
  facts.virtualization = "kvm";
  facts.battery = true;
  facts.temperature = 61.5;
  facts.power = 180;
  facts.ceilings = {{{1, 18e9}, {2, 31e9}}, 2, 56e9, 45e9, 30e9, 25e9};
  return facts;
}

json as_read(const nlohmann::ordered_json& written) { return json::parse(written.dump()); }

}  // namespace

BOOST_AUTO_TEST_CASE(a_machine_is_read_as_it_was_written) {
  const HardwareFacts facts = some_machine();
  BOOST_TEST((hardware_from_json(as_read(hardware_json(facts))) == facts));
  BOOST_TEST((hardware_from_json(as_read(hardware_json({}))) == HardwareFacts{}));
}

BOOST_AUTO_TEST_CASE(a_models_demands_are_read_as_they_were_written) {
  ModelFacts model;
  model.parameters = 135'000'000;
  model.file_bytes = 144'000'000;
  model.format = "q8_0";
  model.weight_bytes = 140'000'000;
  model.multiply_adds = 134'000'000;
  model.output_multiply_adds = 28'000'000;
  model.kv_bytes = 23'040;
  model.on_gpu = true;
  model.hybrid = true;
  model.gpu = "gpu A GPU (HIP)";
  model.gpu_address = "0000:c1:00.0";
  BOOST_TEST((model_facts_from_json(as_read(model_facts_json(model))) == model));
  BOOST_TEST((model_facts_from_json(as_read(model_facts_json({}))) == ModelFacts{}));
}

BOOST_AUTO_TEST_CASE(what_is_of_another_kind_stays_unknown) {
  const json odd = json::parse(R"({"cores": -4, "threads": "many", "memory_bytes": 1.5,
    "processor": 7, "battery": "yes", "instruction_sets": "avx2", "gpus": [3, {"name": "G"}],
    "ceilings": [], "temperature": null, "cpu_limit": 2})");
  const HardwareFacts facts = hardware_from_json(odd);
  BOOST_TEST(facts.cores == 0u);
  BOOST_TEST(facts.threads == 0u);
  BOOST_TEST(facts.memory_bytes == 0u);
  BOOST_TEST(facts.processor.empty());
  BOOST_TEST(!facts.battery);
  BOOST_TEST(facts.instruction_sets.empty());
  BOOST_REQUIRE(facts.gpus.size() == 1u);
  BOOST_TEST(facts.gpus.front().name == "G");
  BOOST_TEST(!facts.temperature.has_value());
  BOOST_TEST(facts.cpu_limit == 2.0);
}
