#include "coordinator/dashboard/dashboard_json.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "coordinator/pages/chart.hpp"
#include "coordinator/text/printable_text.hpp"
#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

using json = nlohmann::ordered_json;

namespace {

constexpr const char* nothing = "-";

/// Four digits are more than a chart shows, and a third of the size of all of them.
json rounded(std::optional<double> value) {
  if (!value || !std::isfinite(*value)) return nullptr;
  if (*value == 0) return 0;
  const double scale = std::pow(10.0, 3 - std::floor(std::log10(std::abs(*value))));
  const double result = std::round(*value * scale) / scale;
  if (std::abs(result) < 1e15 && result == std::round(result))
    return static_cast<std::int64_t>(result);
  return result;
}

std::string rate(const std::optional<double>& value) {
  return value ? readable_rate(*value) : nothing;
}

std::string value_in_words(const std::optional<nanoseconds>& value, bool at_least) {
  if (!value) return nothing;
  return (at_least ? ">=" : "") + readable(*value);
}

double progress(const LiveStatus& status) {
  if (status.stage >= RunStage::draining) return 1;
  if (status.planned <= nanoseconds{0}) return 0;
  return std::clamp(in_seconds(status.elapsed) / in_seconds(status.planned), 0.0, 1.0);
}

std::string time_left(const LiveStatus& status) {
  const bool loading = status.stage == RunStage::warming_up || status.stage == RunStage::measuring;
  if (!loading || status.elapsed >= status.planned) return {};
  return readable_clock(status.planned - status.elapsed) + " left";
}

json banners_of(const LiveStatus& status) {
  json list = json::array();
  if (status.insecure) list.push_back("INSECURE: connections beyond this machine without keys");
  if (status.simulated_target)
    list.push_back("SIMULATED TARGET: a law of service times answers, no server");
  if (status.synthetic_model)
    list.push_back("SYNTHETIC MODEL: random weights, speeds are real, answers are noise");
  return list;
}

json texts(const std::vector<std::string>& from, std::size_t most) {
  json list = json::array();
  for (const std::string& each : from) {
    if (list.size() == most) {
      list.push_back("and " + readable_count(from.size() - most) + " more");
      break;
    }
    list.push_back(printable(each, 600));
  }
  return list;
}

std::string planned_in_words(const LiveStatus& status) {
  if (!status.planned_now) return {};
  return rate(status.planned_now) + (status.open_model ? " arrivals/s planned" : " users planned");
}

/// The few figures on top: name, value, and what helps to read it.
json tiles_of(const LiveStatus& status) {
  json tiles = json::array();
  const auto add = [&](const char* name, std::string value, std::string more, bool bad = false) {
    tiles.push_back({{"name", name}, {"value", value}, {"more", more}, {"bad", bad}});
  };
  add("tokens per second", rate(status.tokens_per_second_now),
      rate(status.tokens_per_second_measured) + " measured");
  add("answers per second", rate(status.answers_per_second_now),
      rate(status.answers_per_second_measured) + " measured");
  if (status.open_model)
    add("in flight", readable_count(status.in_flight), planned_in_words(status));
  else
    add("users", readable_count(status.active_users),
        readable_count(status.in_flight) + " requests in flight");
  add("completed", readable_count(status.completed), "of the whole run");
  add("failed", readable_count(status.failed), "errors and timeouts", status.failed > 0);
  add("agents", readable_count(status.agents_alive) + "/" + readable_count(status.agents_wanted),
      status.agents_lost > 0 ? readable_count(status.agents_lost) + " lost" : "there",
      status.agents_lost > 0);
  return tiles;
}

json latency_of(const char* name, const LiveLatency& latency) {
  json now = json::array();
  const auto& newest = latency.now;
  for (const nanoseconds value : {newest.p50, newest.p95, newest.p99})
    now.push_back(newest.count > 0 ? readable(value) : nothing);
  return {{"name", name},
          {"now", now},
          {"run",
           {value_in_words(latency.p50, latency.p50_at_least),
            value_in_words(latency.p95, latency.p95_at_least),
            value_in_words(latency.p99, latency.p99_at_least)}},
          {"samples", readable_count(latency.samples)}};
}

json errors_of(const LiveStatus& status) {
  json list = json::array();
  for (const LiveError& error : status.errors)
    list.push_back({printable(error.what, 200), readable_count(error.count)});
  if (status.other_errors > 0) list.push_back({"others", readable_count(status.other_errors)});
  return list;
}

json lights_of(const std::vector<LiveLight>& lights) {
  json list = json::array();
  for (const LiveLight& each : lights)
    list.push_back({{"name", printable(each.name, 120)},
                    {"light", name_of(each.light)},
                    {"measured", printable(each.measured, 120)},
                    {"limit", printable(each.limit, 120)},
                    {"why", printable(each.explanation, 300)}});
  return list;
}

json row_of(const LiveAgent& agent) {
  const auto share = [](const std::optional<double>& value) {
    return value ? readable_share(*value) : std::string(nothing);
  };
  const auto bytes = [](const std::optional<std::uint64_t>& value) {
    return value ? readable_bytes(*value) : std::string(nothing);
  };
  return {{"name", printable(agent.name, 60)},
          {"host", printable(agent.host, 60)},
          {"state", name_of(agent.state)},
          {"well", agent.state < LiveAgentState::paused},
          {"trouble", printable(agent.trouble, 200)},
          {"cells",
           {readable_count(agent.users), readable_count(agent.in_flight),
            readable_rate(agent.starts_per_second), readable_rate(agent.tokens_per_second),
            readable_count(agent.failed), readable(agent.loop_lag), readable_rate(agent.own_cpu),
            share(agent.machine_cpu), readable_bytes(agent.resident_bytes), share(agent.gpu_busy),
            bytes(agent.gpu_memory_bytes)}}};
}

json rows_of(const LiveStatus& status, std::size_t from) {
  json rows = json::array();
  const std::size_t end = std::min(status.agents.size(), from + agents_told);
  for (std::size_t i = from; i < end; ++i) rows.push_back(row_of(status.agents[i]));
  return rows;
}

/// Least, middle and most of a figure over all agents.
template <class Figure, class Words>
json spread_of(const char* name, const LiveStatus& status, const Figure& figure,
               const Words& words) {
  using Value = std::invoke_result_t<Figure, const LiveAgent&>;
  std::vector<Value> values;
  for (const LiveAgent& agent : status.agents)
    if (agent.state != LiveAgentState::lost) values.push_back(figure(agent));
  if (values.empty()) return nullptr;
  std::ranges::sort(values);
  return {
      {"name", name},
      {"values", {words(values.front()), words(values[values.size() / 2]), words(values.back())}}};
}

json spreads_of(const LiveStatus& status) {
  json list = json::array();
  const auto add = [&](json spread) {
    if (!spread.is_null()) list.push_back(std::move(spread));
  };
  add(spread_of(
      "requests in flight", status, [](const auto& of) { return of.in_flight; },
      [](auto value) { return readable_count(value); }));
  add(spread_of(
      "tokens per second", status, [](const auto& of) { return of.tokens_per_second; },
      [](auto value) { return readable_rate(value); }));
  add(spread_of(
      "loop lag", status, [](const auto& of) { return of.loop_lag; },
      [](auto value) { return readable(value); }));
  add(spread_of(
      "processors used", status, [](const auto& of) { return of.own_cpu; },
      [](auto value) { return readable_rate(value); }));
  add(spread_of(
      "memory", status, [](const auto& of) { return of.resident_bytes; },
      [](auto value) { return readable_bytes(value); }));
  return list;
}

json agents_of(const LiveStatus& status, std::size_t from) {
  std::map<std::string, std::size_t> states;
  for (const LiveAgent& agent : status.agents) ++states[name_of(agent.state)];
  json counts = json::array();
  for (const auto& [state, count] : states) counts.push_back({state, readable_count(count)});
  return {{"from", from},
          {"rows", rows_of(status, from)},
          {"shown_of", status.agents.size()},
          {"all", status.agents.size() + status.agents_left_out},
          {"states", counts},
          {"spreads", spreads_of(status)}};
}

json course_of(const CourseNews& course) {
  json columns{{"generation", course.generation}};
  const auto column = [&](const char* name, const auto& figure) {
    json values = json::array();
    for (const CoursePoint& point : course.points) values.push_back(rounded(figure(point)));
    columns[name] = std::move(values);
  };
  json begins = json::array();  // whole seconds: not to be rounded
  for (const CoursePoint& point : course.points) begins.push_back(std::llround(point.at));
  columns["at"] = std::move(begins);
  column("tokens", [](const auto& of) { return of.tokens; });
  column("answers", [](const auto& of) { return of.answers; });
  column("errors", [](const auto& of) { return of.errors; });
  column("starts", [](const auto& of) { return of.starts; });
  column("in_flight", [](const auto& of) { return of.in_flight; });
  column("users", [](const auto& of) { return of.users; });
  column("planned", [](const auto& of) { return of.planned; });
  constexpr std::array percentiles{"_p50", "_p95", "_p99"};
  for (std::size_t i = 0; i < percentiles.size(); ++i) {
    const std::string end = percentiles[i];
    column(("ttft" + end).c_str(), [i](const auto& of) { return of.ttft[i]; });
    column(("tpot" + end).c_str(), [i](const auto& of) { return of.tpot[i]; });
    column(("e2e" + end).c_str(), [i](const auto& of) { return of.e2e[i]; });
  }
  return columns;
}

/// Others wrote some of it: what is no UTF-8 becomes a sign that says so.
std::string written(const json& document) {
  return document.dump(-1, ' ', false, json::error_handler_t::replace);
}

ChartSeries line(const char* name, ChartStyle style = ChartStyle::line) {
  return {.name = name, .style = style, .x = {}, .y = {}};
}

Chart over_time(const char* id, const char* title, const char* unit,
                std::vector<ChartSeries> series) {
  return {.id = id,
          .title = title,
          .x = {"time since the start", "clock"},
          .y = {"", unit},
          .series = std::move(series),
          .linked = "run"};
}

Chart latency_chart(const char* id, const char* title) {
  Chart chart = over_time(id, title, "s", {line("p95, band from p50 to p99")});
  chart.y.logarithmic = true;
  return chart;
}

}  // namespace

std::string dashboard_json(const LiveStatus& status, const CourseNews& course,
                           const std::optional<DashboardEnd>& end) {
  json document{{"scenario", printable(status.scenario, 120)},
                {"run", status.run},
                {"stage", name_of(status.stage)},
                {"progress", rounded(progress(status))},
                {"clock", readable_clock(status.elapsed) + " / " + readable_clock(status.planned)},
                {"left", time_left(status)},
                {"warm_up", in_seconds(status.warm_up)},
                {"open_model", status.open_model},
                {"banners", banners_of(status)},
                {"warnings", texts(status.warnings, warnings_told)},
                {"events", texts(status.events, LiveStatus::events_shown + 1)},
                {"tiles", tiles_of(status)},
                {"latencies_of_warm_up", status.latencies_of_warm_up},
                {"latencies",
                 {latency_of("ttft", status.ttft), latency_of("tpot", status.tpot),
                  latency_of("e2e", status.e2e)}},
                {"errors", errors_of(status)},
                {"thresholds", lights_of(status.thresholds)},
                {"audit", lights_of(status.audit)},
                {"agents", agents_of(status, 0)},
                {"course", course_of(course)},
                {"end", nullptr}};
  if (end)
    document["end"] = {{"word", end->word},
                       {"sentence", printable(end->sentence, 1000)},
                       {"exit_code", end->exit_code}};
  return written(document);
}

std::string agents_json(const LiveStatus& status, std::size_t from) {
  return written(agents_of(status, std::min(from, status.agents.size())));
}

std::string dashboard_charts() {
  const std::array charts{
      over_time("tokens", "Output tokens per second", "", {line("tokens per second")}),
      over_time("load", "Load", "", {line("planned", ChartStyle::dashed), line("achieved")}),
      latency_chart("ttft", "Time to first token, of each second"),
      latency_chart("tpot", "Time per output token, of each second"),
      latency_chart("e2e", "Whole answer, of each second"),
      over_time("in-flight", "Requests in flight", "", {line("in flight")}),
      over_time("answers", "Answers and failures per second", "",
                {line("answers per second"), line("failures per second", ChartStyle::steps)})};
  json list = json::array();
  for (const Chart& chart : charts) list.push_back(chart_json(chart));
  return written(list);
}

}  // namespace squall::coordinator
