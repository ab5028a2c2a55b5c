#include "coordinator/report/machines/hardware_section.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "coordinator/report/json_report.hpp"
#include "coordinator/report/run_warnings.hpp"
#include "coordinator/report/text_summary.hpp"
#include "scenarios/hardware/hardware_profile.hpp"
#include "tests/coordinator/sample_runs.hpp"

using namespace squall;
using namespace squall::coordinator;
using namespace squall::tests;
using nlohmann::json;
using scenarios::HardwareFacts;

namespace {

HardwareFacts machine() {
  HardwareFacts facts;
  facts.processor = "AMD EPYC 7543";
  facts.architecture = "x86_64";
  facts.sockets = 2;
  facts.cores = facts.threads = 64;
  facts.instruction_sets = {"avx2"};
  facts.memory_bytes = 256ULL << 30;
  facts.kernel = "6.1.0";
  facts.virtualization = "none";
  facts.ceilings.bandwidth = {{1, 1.5e10}, {64, 2e11}};
  facts.ceilings.threads = 64;
  facts.ceilings.int8_per_second = 4e12;
  facts.ceilings.float_per_second = 1e12;
  return facts;
}

RunRecord record_with(const std::vector<std::pair<std::string, HardwareFacts>>& machines) {
  RunRecord record = healthy_record();
  record.agents.resize(machines.size(), record.agents.front());
  for (std::size_t i = 0; i < machines.size(); ++i) {
    record.agents[i].hello.name = "agent-" + std::to_string(i);
    record.agents[i].hello.host = machines[i].first;
    record.agents[i].ready->hardware = machines[i].second;
  }
  return record;
}

HardwareReport report_of(const RunRecord& record) { return make_hardware_report(record.agents); }

}  // namespace

BOOST_AUTO_TEST_CASE(agents_of_one_machine_are_told_together) {
  HardwareFacts laptop = machine();
  laptop.cores = laptop.threads = 4;
  const auto record = record_with({{"web1", machine()}, {"web1", machine()}, {"home", laptop}});
  const HardwareReport report = report_of(record);
  BOOST_REQUIRE(report.machines.size() == 2u);
  BOOST_TEST(report.machines[0].agents.size() == 2u);
  BOOST_TEST(report.machines[1].host == "home");
  const std::string text = hardware_table(report).render(400, false);
  BOOST_TEST(text ==
             "  web1  cpu-high-end: AMD EPYC 7543, 64 cores on 2 sockets, avx2, 256 GiB; reads 200 "
             "GB/s, multiplies and adds 4,000 G/s of int8 and 1,000 G/s of floats; fingerprint " +
                 scenarios::fingerprint(machine()) +
                 "\n  home  cpu-mid-range: AMD EPYC 7543, 4 cores on 2 sockets, avx2, 256 GiB; "
                 "reads 200 GB/s, multiplies and adds 4,000 G/s of int8 and 1,000 G/s of floats; "
                 "fingerprint " +
                 scenarios::fingerprint(laptop) + "\n");
}

BOOST_AUTO_TEST_CASE(limits_are_told) {
  HardwareFacts facts = machine();
  facts.cpu_limit = 0.5;
  facts.memory_limit_bytes = 1ULL << 30;
  facts.virtualization = "container";
  const std::string text = machine_in_words(facts);
  BOOST_TEST(text.find("limited to 0.500 processors and 1.00 GiB") != std::string::npos, text);
  BOOST_TEST(text.find("; container") != std::string::npos, text);
}

BOOST_AUTO_TEST_CASE(the_fingerprint_of_a_run_goes_by_its_machines_and_not_by_their_names) {
  HardwareFacts other = machine();
  other.cores = 32;
  const auto one = report_of(record_with({{"web1", machine()}}));
  BOOST_TEST(one.fingerprint == scenarios::fingerprint(machine()));
  BOOST_TEST(report_of(record_with({{"a", machine()}, {"a", machine()}})).fingerprint ==
             one.fingerprint);
  const auto two = report_of(record_with({{"web1", machine()}, {"web2", other}}));
  BOOST_TEST(two.fingerprint != one.fingerprint);
  BOOST_TEST(report_of(record_with({{"x", other}, {"y", machine()}})).fingerprint ==
             two.fingerprint);
  BOOST_TEST(report_of(record_with({{"a", machine()}, {"b", machine()}})).fingerprint !=
             one.fingerprint);
  auto record = record_with({{"web1", machine()}, {"web2", other}});
  record.agents[1].ready->hardware.reset();
  BOOST_TEST(report_of(record).fingerprint == "", "not all are known");
  BOOST_TEST(report_of(record).machines.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_run_whose_agents_did_not_look_has_no_section) {
  const RunRecord record = healthy_record();
  BOOST_TEST(text_summary(make_run_report(record)).find("\nhardware\n") == std::string::npos);
  const json run = json::parse(json_report(make_run_report(record), record));
  BOOST_TEST(run.at("hardware_fingerprint").is_null());
  BOOST_TEST(run.at("agents").at(0).at("hardware").is_null());
  BOOST_TEST(run.at("agents").at(0).at("model_facts").is_null());
}

BOOST_AUTO_TEST_CASE(names_of_machines_cannot_write_to_the_terminal) {
  HardwareFacts facts = machine();
  facts.processor = "evil\x1b[31m\nprocessor";
  const RunRecord record = record_with({{"web1", facts}, {"web1", facts}});
  const std::string text = text_summary(make_run_report(record));
  BOOST_TEST(text.find("\nhardware\n") != std::string::npos);
  BOOST_TEST(text.find('\x1b') == std::string::npos);
}

BOOST_AUTO_TEST_CASE(everything_about_a_machine_and_a_model_is_in_the_file) {
  RunRecord record = record_with({{"web1", machine()}, {"web1", machine()}});
  scenarios::ModelFacts facts;
  facts.parameters = 135'000'000;
  facts.file_bytes = 145'000'000;
  facts.format = "q8_0";
  facts.weight_bytes = 144'000'000;
  facts.multiply_adds = 134'000'000;
  record.agents[0].ready->model_facts = facts;
  const json run = json::parse(json_report(make_run_report(record), record));
  BOOST_TEST(run.at("hardware_fingerprint") == scenarios::fingerprint(machine()));
  const json& hardware = run.at("agents").at(0).at("hardware");
  BOOST_TEST(hardware.at("fingerprint") == scenarios::fingerprint(machine()));
  BOOST_TEST(hardware.at("class") == "cpu-high-end");
  BOOST_TEST(hardware.at("processor") == "AMD EPYC 7543");
  BOOST_TEST(hardware.at("cores") == 64);
  BOOST_TEST(hardware.at("cpu_limit").is_null(), "no limit is not 0");
  BOOST_TEST(hardware.at("temperature").is_null());
  BOOST_TEST(hardware.at("efficiency_cores").is_null());
  const json& ceilings = hardware.at("ceilings");
  BOOST_TEST(ceilings.at("bandwidth").at(1).at("threads") == 64);
  BOOST_TEST(ceilings.at("bandwidth").at(1).at("bytes_per_second") == 2e11);
  BOOST_TEST(ceilings.at("int8_multiply_adds_per_second") == 4e12);
  const json& model = run.at("agents").at(0).at("model_facts");
  BOOST_TEST(model.at("size") == "small");
  BOOST_TEST(model.at("weight_bytes_per_step") == 144'000'000);
  BOOST_TEST(model.at("kv_bytes_per_position").is_null());
}

BOOST_AUTO_TEST_CASE(an_engine_with_more_threads_than_a_limit_leaves_is_warned_of) {
  RunRecord record = record_with({{"web1", machine()}});
  const auto warnings = [&] { return run_warnings({&record.agents[0]}); };
  record.agents[0].ready->engine_threads = 3;
  BOOST_TEST(warnings().empty());
  record.agents[0].ready->hardware->cpu_limit = 2.5;
  BOOST_TEST(warnings().empty(), "three threads can use two and a half processors");
  record.agents[0].ready->hardware->cpu_limit = 2;
  BOOST_REQUIRE(warnings().size() == 1u);
  BOOST_TEST(warnings().front().find("3 threads") != std::string::npos, warnings().front());
  record.agents[0].ready->target_kind = "openai";
  BOOST_TEST(warnings().empty(), "it has no engine");
}
