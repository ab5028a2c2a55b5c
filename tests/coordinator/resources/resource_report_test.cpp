#include "coordinator/report/resources/resource_report.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <nlohmann/json.hpp>

#include "coordinator/report/resources/json_resources.hpp"
#include "coordinator/report/resources/resource_tables.hpp"

using namespace squall;
using namespace squall::coordinator;
using namespace std::chrono_literals;

namespace {

actors::ResourceSample sample_at(int second) {
  actors::ResourceSample sample;
  sample.from = second * 1s;
  sample.to = sample.from + 1s;
  sample.cpu_busy = 1500ms;
  sample.cpu_stolen = 10ms;
  sample.core_busy = {100, 50};
  sample.own_cpu = 1200ms;
  sample.resident_bytes = 64 << 20;
  sample.allocated_bytes = 50 << 20;
  sample.memory_available_bytes = std::uint64_t{8} << 30;
  sample.temperature = 60 + second % 5;
  sample.voluntary_switches = 900;
  sample.minor_faults = 40;
  return sample;
}

/// Samples of ten minutes after ten seconds of warm-up, of `agents` agents.
RunRecord record_of(std::size_t agents,
                    const std::function<void(actors::ResourceSample&)>& change) {
  RunRecord record;
  record.scenario.phases = {10s, 600s, 10s};
  record.timeline = MetricsTimeline(record.scenario.phases, agents);
  for (std::size_t agent = 0; agent < agents; ++agent) {
    AgentRecord member;
    member.hello.name = "agent-" + std::to_string(agent);
    member.hello.host = "host";
    record.agents.push_back(member);
    for (int second = 0; second < 610; ++second) {
      actors::MetricsSnapshot snapshot;
      snapshot.from = second * 1s;
      snapshot.to = snapshot.from + 1s;
      actors::ResourceSample sample = sample_at(second);
      change(sample);
      snapshot.resources.push_back(sample);
      record.timeline.add(agent, snapshot);
    }
  }
  return record;
}

void nothing(actors::ResourceSample&) {}

std::string text_of(const RunRecord& record) {
  return resources_table(make_resource_report(record)).render(1000, false);
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_text_tells_what_a_machine_used) {
  const std::string text = text_of(record_of(1, nothing));
  for (const char* part :
       {"1.50 (most 1.50) of 2 processors busy", "the busiest 100 %",
        "the agent's own 1.20 (most 1.20)", "0.010 stolen by the host", "64.0 MiB resident",
        "50.0 MiB allocated", "at least 8.00 GiB", "flat: +0.0 MB/h (+0.0..+0.0) over 9 min 59 s",
        "context 900/s by itself", "40.0/s minor", "62 C (most 64 C)",
        "some processors: on average 1.00 of 2 processors had nothing to spare"})
    BOOST_TEST(has(text, part), part << " in\n" << text);
  BOOST_TEST(!has(text, "disk"));  // nobody told
  BOOST_TEST(!has(text, "GPU"));
}

BOOST_AUTO_TEST_CASE(a_leak_is_said_aloud) {
  const auto leaking = [](actors::ResourceSample& sample) {
    sample.resident_bytes += static_cast<std::uint64_t>(sample.to / 1s) * 1'000'000 / 60;
  };
  BOOST_TEST(has(text_of(record_of(1, leaking)), "LEAKS: +60.0 MB/h (+60.0..+60.0)"));
}

BOOST_AUTO_TEST_CASE(an_engine_whose_pages_fill_does_not_leak) {
  const auto engine = [](const std::function<void(actors::ResourceSample&)>& change) {
    RunRecord record = record_of(1, [&](actors::ResourceSample& sample) {
      sample.resident_bytes += static_cast<std::uint64_t>(sample.to / 1s) * 1'000'000 / 60;
      change(sample);
    });
    record.agents[0].ready = actors::Ready{};
    record.agents[0].ready->target_kind = "engine";
    return text_of(record);
  };
  const std::string filling = engine(nothing);
  BOOST_TEST(has(filling, "flat: of what is allocated"), filling);
  const std::string untold =
      engine([](actors::ResourceSample& sample) { sample.allocated_bytes.reset(); });
  BOOST_TEST(
      has(untold, "cannot tell: memory for keys and values may still be filling; +60.0 MB/h"),
      untold);
  const std::string leaking = engine([](actors::ResourceSample& sample) {
    *sample.allocated_bytes += static_cast<std::uint64_t>(sample.to / 1s) * 500'000 / 60;
  });
  BOOST_TEST(has(leaking, "LEAKS: of what is allocated"), leaking);
  BOOST_TEST(has(leaking, "+30.0 MB/h"), leaking);
}

BOOST_AUTO_TEST_CASE(what_a_limit_leaves_can_be_used_up_on_an_idle_machine) {
  RunRecord record = record_of(1, [](actors::ResourceSample& sample) {
    sample.core_busy = {60, 10};
    sample.cpu_busy = 700ms;
    sample.own_cpu = 495ms;
  });
  record.agents[0].ready = actors::Ready{};
  record.agents[0].ready->hardware.emplace();
  scenarios::HardwareFacts& hardware = *record.agents[0].ready->hardware;
  BOOST_TEST(make_resource_report(record).agents[0].saturated.empty());
  hardware.cpu_limit = 0.5;
  hardware.memory_limit_bytes = 66 << 20;
  const auto saturated = make_resource_report(record).agents[0].saturated;
  BOOST_REQUIRE_EQUAL(saturated.size(), 2u);
  BOOST_TEST(has(saturated[0], "processors that a limit leaves it"), saturated[0]);
  BOOST_TEST(has(saturated[1], "64.0 MiB of 66.0 MiB that a limit leaves it"), saturated[1]);
}

BOOST_AUTO_TEST_CASE(what_is_used_up_is_named) {
  RunRecord record = record_of(1, [](actors::ResourceSample& sample) {
    sample.cpu_busy = 1990ms;
    sample.cpu_stolen = 120ms;
    sample.memory_available_bytes = 1 << 20;
    sample.gpus = {{.busy = 0.99, .memory_used_bytes = 990, .temperature = {}, .power = {}}};
  });
  record.agents[0].ready = actors::Ready{};
  record.agents[0].ready->hardware.emplace();
  record.agents[0].ready->hardware->memory_bytes = std::uint64_t{1} << 30;
  record.agents[0].ready->hardware->gpus.resize(1);
  record.agents[0].ready->hardware->gpus[0].memory_bytes = 1000;
  const auto saturated = make_resource_report(record).agents[0].saturated;
  BOOST_REQUIRE_EQUAL(saturated.size(), 5u);
  BOOST_TEST(has(saturated[0], "CPU: 1.99 of 2 processors busy"));
  BOOST_TEST(has(saturated[1], "0.120 of 2 processors taken by the host"));
  BOOST_TEST(has(saturated[2], "memory: 1.00 MiB were left"));
  BOOST_TEST(has(saturated[3], "GPU 1: 99.0 % busy"));
  BOOST_TEST(has(saturated[4], "GPU 1: its memory is full"));
}

BOOST_AUTO_TEST_CASE(a_machine_with_room_has_nothing_used_up) {
  const auto idle = [](actors::ResourceSample& sample) {
    sample.cpu_busy = 200ms;
    sample.core_busy = {10, 10};
  };
  BOOST_TEST(make_resource_report(record_of(1, idle)).agents[0].saturated.empty());
}

BOOST_AUTO_TEST_CASE(of_many_agents_the_first_are_shown) {
  const ResourceReport report = make_resource_report(record_of(12, nothing));
  const std::string text = resources_table(report).render(1000, false);
  BOOST_TEST(has(text, "agent-9"));
  BOOST_TEST(!has(text, "agent-10"));
  BOOST_TEST(agents_left_out(report) == 2u);
}

BOOST_AUTO_TEST_CASE(a_run_without_samples_has_no_table) {
  RunRecord record;
  record.timeline = MetricsTimeline({1s, 2s, 1s}, 1);
  record.agents.emplace_back();
  const ResourceReport report = make_resource_report(record);
  BOOST_TEST(resources_table(report).empty());
  BOOST_TEST(agents_left_out(report) == 0u);
  const auto json = resources_json(report);
  BOOST_TEST(json["agents"][0]["measured"].is_null());
  BOOST_TEST(json["agents"][0]["leak"]["finding"] == "cannot_tell");
  BOOST_TEST(json["agents"][0]["leak"]["megabytes_per_hour"].is_null());
}

BOOST_AUTO_TEST_CASE(json_has_every_figure_and_the_series_on_the_runs_axis) {
  const auto json = resources_json(make_resource_report(record_of(1, nothing)));
  const auto& agent = json["agents"][0];
  BOOST_TEST(agent["name"] == "agent-0");
  BOOST_TEST(agent["measured"]["samples"] == 600);
  BOOST_TEST(agent["measured"]["from"] == 10.0);
  BOOST_TEST(agent["measured"]["processors"] == 2);
  BOOST_TEST(agent["measured"]["cpu"]["mean"].get<double>() == 1.5,
             boost::test_tools::tolerance(1e-9));
  BOOST_TEST(agent["measured"]["processors_busy"][1].get<double>() == 0.5,
             boost::test_tools::tolerance(1e-9));
  BOOST_TEST(agent["measured"]["temperature"]["most"] == 64.0);
  BOOST_TEST(agent["measured"]["disk_read_bytes"].is_null());  // absent, never 0
  BOOST_TEST(agent["leak"]["finding"] == "flat");
  const auto& series = agent["series"];
  for (const auto& [name, values] : series.items())
    BOOST_TEST(values.size() == 610u, name << " has " << values.size());
  BOOST_TEST(series["to"][609] == 610.0);
  BOOST_TEST(series["own_cpu"][5] == 1.2);
  BOOST_TEST(series["frequency"][5].is_null());
  BOOST_TEST(json["bottleneck"]["limit"].is_null());
  BOOST_TEST(json["bottleneck"]["evidence"].size() == limit_count);
}

BOOST_AUTO_TEST_CASE(hostile_names_are_made_printable) {
  RunRecord record = record_of(1, nothing);
  record.agents[0].hello.name = "\x1b[2Jevil";
  record.agents[0].hello.host = "\x1b]0;owned";
  const ResourceReport report = make_resource_report(record);
  BOOST_TEST(!has(resources_table(report).render(200, false), "\x1b"));
  BOOST_TEST(!has(bottleneck_table(report.bottleneck).render(200, false), "\x1b"));
}
