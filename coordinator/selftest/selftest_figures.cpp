#include "coordinator/selftest/selftest_figures.hpp"

#include <cassert>
#include <cmath>
#include <nlohmann/json.hpp>

#include "actors/metrics/histogram.hpp"

namespace squall::coordinator {

using nlohmann::json;

namespace {

nanoseconds seconds(const json& value) {
  return nanoseconds(std::llround(value.get<double>() * 1e9));
}

actors::Histogram histogram(const json& row) {
  const json& parts = row.at("histogram");
  const auto read = actors::Histogram::from_parts(
      {parts.at("counts").get<actors::Histogram::SparseCounts>(),
       parts.at("underflow").get<std::uint64_t>(), parts.at("overflow").get<std::uint64_t>(),
       nanoseconds(parts.at("sum_ns").get<std::int64_t>()),
       nanoseconds(parts.at("minimum_ns").get<std::int64_t>()),
       nanoseconds(parts.at("maximum_ns").get<std::int64_t>())});
  if (!read) throw SelftestFiguresError("the report's histogram makes no sense");
  return *read;
}

nanoseconds percentile_of(const json& row, double wanted) {
  if (row.is_null()) return nanoseconds{0};
  for (const json& each : row.at("percentiles"))
    if (each.at("percentile").get<double>() == wanted && each.at("enough").get<bool>())
      return seconds(each.at("value"));
  return nanoseconds{0};
}

nanoseconds mean_of(const json& row) {
  return row.is_null() || row.at("mean").is_null() ? nanoseconds{0} : seconds(row.at("mean"));
}

void read_ttft(const json& row, SelftestFigures& figures) {
  if (row.is_null()) return;
  figures.samples = row.at("samples").get<std::uint64_t>();
  for (const json& each : row.at("percentiles")) {
    SelftestFigures::Percentile read{
        each.at("percentile").get<double>(), each.at("enough").get<bool>(), {}, {}, {}};
    if (read.enough) {
      read.value = seconds(each.at("value"));
      read.low = seconds(each.at("low"));
      read.high = seconds(each.at("high"));
    }
    figures.ttft.push_back(read);
  }
  const actors::Histogram latencies = histogram(row);
  if (latencies.count() == 0) return;
  figures.longest = latencies.maximum();
  figures.waited_a_second = latencies.count_above(std::chrono::seconds(1));
}

void read_ledger(const json& ledger, SelftestFigures& figures) {
  const auto count = [&](const char* name) { return ledger.at(name).get<std::uint64_t>(); };
  figures.scheduled = count("scheduled");
  figures.issued = count("issued");
  figures.ended =
      count("ok") + count("error") + count("timeout") + count("cancelled") + count("open_at_end");
}

/// Lines that fail when a machine is too busy to be on time. The selftest's own checks allow for
/// lateness as it was measured; for nothing else.
bool is_of_lateness(const std::string& audit) {
  return audit == "dispatch delay" || audit == "late and dropped" || audit == "agents' loop lag" ||
         audit == "generator's CPU" || audit == "agents' capacity";
}

SelftestFigures read(const json& run) {
  SelftestFigures figures;
  const json& measured = run.at("phases").at("measure");
  const json& durations = measured.at("durations");
  read_ledger(measured.at("ledger"), figures);
  read_ttft(durations.at("ttft"), figures);
  figures.dispatch_delay_p99 = percentile_of(durations.at("dispatch_delay"), 99);
  figures.dispatch_delay = mean_of(durations.at("dispatch_delay"));
  figures.stamp_delay = mean_of(durations.at("stamp_delay"));
  for (const json& agent : run.at("agents")) {
    ++figures.agents;
    const json& window = agent.at("window");
    figures.generator_cpu += seconds(window.at("process_cpu")) - seconds(window.at("engine_cpu"));
  }
  for (const json& line : run.at("audit")) {
    if (line.at("status") != "failed") continue;
    const auto name = line.at("name").get<std::string>();
    (is_of_lateness(name) ? figures.late_audits : figures.failed_audits)
        .push_back(name + ": " + line.at("measured").get<std::string>());
  }
  figures.simulated = run.value("simulated", false);
  return figures;
}

}  // namespace

const SelftestFigures::Percentile& SelftestFigures::ttft_at(double percentile) const {
  static const Percentile none{};
  for (const Percentile& each : ttft)
    if (each.percentile == percentile) return each;
  return none;
}

SelftestFigures read_selftest_figures(const std::string& text) {
  try {
    return read(json::parse(text));
  } catch (const json::exception& error) {
    throw SelftestFiguresError(std::string("the report of the run cannot be read: ") +
                               error.what());
  }
}

}  // namespace squall::coordinator
