#include "scenarios/schema/sections/load_section.hpp"

#include <algorithm>
#include <cmath>
#include <span>

#include "scenarios/schema/nearest_name.hpp"
#include "scenarios/schema/sections/section_table.hpp"
#include "scenarios/schema/sections/shape_reader.hpp"

namespace squall::scenarios {

namespace {

using std::string_view;

constexpr double most_arrivals = 50e6;  // every agent walks them all: seconds of its time
constexpr double most_stretches = 10e6;
constexpr std::size_t longest_system_prompt = 64 * 1024;

// A key with one meaning that stands here in several forms; all but the first are too much.
void refuse_second_form(const TableReader& reader, std::span<const string_view> forms,
                        const std::string& message) {
  const DocumentEntry* first = nullptr;
  for (const string_view form : forms) {
    const DocumentEntry* const entry = reader.find(form);
    if (entry != nullptr && first != nullptr) {
      reader.mistakes().add(later_of(*first, *entry).key_place, message);
    }
    if (first == nullptr) first = entry;
  }
}

ClosedUsers read_users(const TableReader& reader) {
  constexpr auto forms = std::to_array<string_view>({"count", "shape", "stages"});
  ClosedUsers users;
  refuse_second_form(reader, forms,
                     "[users] takes one of 'count', 'shape' and 'stages'; remove the others");
  unsigned count = 1;
  nanoseconds ramp{0};
  assign(count, reader.whole("count", 1, 1'000'000));
  assign(ramp, reader.duration("ramp", any_duration));
  const auto most = static_cast<double>(count);
  users.count = ramp.count() == 0 ? LoadShape::constant(most)
                                  : LoadShape({{ramp, 0, most}, {nanoseconds{0}, most, most}});
  if (auto shape = read_shape(reader)) users.count = std::move(*shape);
  const DocumentEntry* const ramped = reader.find("ramp");
  if (ramped != nullptr && (reader.find("shape") != nullptr || reader.find("stages") != nullptr)) {
    reader.mistakes().add(ramped->key_place,
                          "'ramp' goes with 'count'; a shape says itself how users come and go");
  }
  read_distribution_into(reader, "think_time", DistributionUnit::seconds, users.think_time);
  Conversations& conversations = users.conversations;
  read_distribution_into(reader, "turns", DistributionUnit::turns, conversations.turns);
  read_distribution_into(reader, "pause", DistributionUnit::seconds, conversations.pause);
  assign(conversations.system_prompt, reader.text("system_prompt"));
  if (conversations.system_prompt.size() > longest_system_prompt) {
    reader.mistakes().add(reader.find("system_prompt")->value.place,
                          "'system_prompt' must be at most 65536 bytes long; it has " +
                              std::to_string(conversations.system_prompt.size()));
  }
  return users;
}

template <class OpenLoad>
void read_limit(const TableReader& reader, OpenLoad& load) {
  constexpr std::array<string_view, 2> choices{"wait", "drop"};  // in the order of WhenFull
  assign(load.max_in_flight, reader.whole("max_in_flight", 1, 10'000'000));
  assign(load.when_full, reader.choice("when_full", choices, "choices"));
  const DocumentEntry* const when_full = reader.find("when_full");
  if (when_full != nullptr && reader.find("max_in_flight") == nullptr) {
    reader.mistakes().add(when_full->key_place,
                          "'when_full' needs a limit; add max_in_flight = 100, over all agents");
  }
}

OpenArrivals read_arrivals(const TableReader& reader) {
  constexpr std::array<string_view, 3> processes{"constant", "poisson",
                                                 "gamma"};  // in the order of Process
  constexpr auto forms = std::to_array<string_view>({"rate", "shape", "stages"});
  OpenArrivals arrivals;
  assign(arrivals.process, reader.choice("process", processes, "processes"));
  refuse_second_form(reader, forms,
                     "[arrivals] takes one of 'rate', 'shape' and 'stages'; remove the others");
  if (reader.find("shape") == nullptr && reader.find("stages") == nullptr) {
    reader.require("rate", "rate = 5.0, in arrivals per second");
  }
  double rate = 1;
  assign(rate, reader.number("rate", {0, highest_load, true}));
  arrivals.rate = LoadShape::constant(rate);
  if (auto shape = read_shape(reader)) arrivals.rate = std::move(*shape);
  assign(arrivals.burstiness, reader.number("burstiness", {0.01, 100}));
  const DocumentEntry* const burstiness = reader.find("burstiness");
  if (burstiness != nullptr && arrivals.process != OpenArrivals::Process::gamma) {
    reader.mistakes().add(burstiness->key_place,
                          "'burstiness' is for process = \"gamma\"; remove it, or change "
                          "'process'");
  }
  read_limit(reader, arrivals);
  return arrivals;
}

TraceReplay read_trace(const TableReader& reader) {
  constexpr std::array<string_view, 4> formats{"auto", "mooncake", "azure",
                                               "burstgpt"};  // in the order of Format
  constexpr std::int64_t most_entries = 1'000'000'000;
  TraceReplay trace;
  reader.require("file", "file = \"trace.csv\", from the scenario's folder");
  assign(trace.file, reader.line("file", longest_path));
  assign(trace.format, reader.choice("format", formats, "formats"));
  assign(trace.time_scale, reader.number("time_scale", {0.001, 1'000'000}));
  assign(trace.skip, reader.whole("skip", 0, most_entries));
  assign(trace.limit, reader.whole("limit", 0, most_entries));
  read_limit(reader, trace);
  return trace;
}

std::string shown_seconds(nanoseconds time) {
  return shown(static_cast<double>(time.count()) / 1e9) + "s";
}

// The key by which a table states its load, for mistakes about it.
struct StatedLoad {
  Place place;
  std::string key;
};
StatedLoad stated_load(const DocumentNode& root, string_view section, string_view plain) {
  const DocumentEntry* const table = root.find(section);
  if (table == nullptr) return {};
  for (const string_view key : {string_view("shape"), string_view("stages"), plain}) {
    if (const DocumentEntry* const entry = table->value.find(key)) {
      return {entry->value.place, "'" + std::string(key) + "'"};
    }
  }
  return {table->value.place, "[" + std::string(section) + "]"};
}

// Also notes a shape that offers nothing, or whose end is never reached.
bool shape_fits(const LoadShape& shape, const StatedLoad& stated, nanoseconds load_time,
                Mistakes& mistakes) {
  const nanoseconds lasts = shape.beginning(shape.pieces().size());
  if (lasts > load_time) {
    const bool ramp = stated.key == "'ramp'";
    mistakes.add(stated.place,
                 ramp ? "'ramp' is longer than warm_up + measure (" + shown_seconds(load_time) +
                            "): the last users would never start; shorten it or lengthen the "
                            "phases"
                      : stated.key + " lasts " + shown_seconds(lasts) + ", and warm_up + measure " +
                            shown_seconds(load_time) +
                            ": its end would never come; shorten it or lengthen the phases");
    return false;
  }
  if (shape.highest(load_time) <= 0) {
    mistakes.add(stated.place, stated.key + " is 0 at all times: there would be no load");
    return false;
  }
  return true;
}

void check_users(const DocumentNode& root, const ClosedUsers& users, nanoseconds load_time,
                 Mistakes& mistakes) {
  const StatedLoad stated = stated_load(root, "users", "ramp");
  if (!shape_fits(users.count, stated, load_time, mistakes)) return;
  double parts = 0;
  for (const LoadPiece& piece : users.count.pieces()) {
    const auto length =
        static_cast<double>((piece.length.count() > 0 ? piece.length : load_time).count());
    parts += 1;
    if (piece.amplitude > 0) parts += length / static_cast<double>(piece.period.count());
  }
  const double stretches = parts * users.count.highest(load_time);
  if (parts > 1 && stretches > most_stretches) {
    mistakes.add(stated.place, stated.key + " makes users come and go " +
                                   shown(std::floor(stretches)) +
                                   " times, and a run has at most 10 million such stretches; take "
                                   "fewer users, a longer period, or fewer stages");
  }
}

void check_arrivals(const DocumentNode& root, const OpenArrivals& arrivals, nanoseconds load_time,
                    Mistakes& mistakes) {
  const StatedLoad stated = stated_load(root, "arrivals", "rate");
  if (!shape_fits(arrivals.rate, stated, load_time, mistakes)) return;
  const double expected = arrivals.rate.total_until(load_time);
  if (expected > most_arrivals) {
    mistakes.add(stated.place, stated.key + " for warm_up + measure (" + shown_seconds(load_time) +
                                   ") plans " + shown(std::floor(expected)) +
                                   " arrivals, and a run has at most 50 million; lower the rate "
                                   "or shorten the phases");
  }
}

}  // namespace

void read_load(const DocumentNode& root, Load& load, Mistakes& mistakes) {
  constexpr auto loads = std::to_array<string_view>({"users", "arrivals", "trace"});
  const DocumentEntry* first = nullptr;
  for (const string_view key : loads) {
    const DocumentEntry* const entry = root.find(key);
    if (entry == nullptr) continue;
    if (first != nullptr) {
      mistakes.add(later_of(*first, *entry).key_place, "a scenario has [" + first->key + "] or [" +
                                                           entry->key +
                                                           "], not both; remove one of them");
      continue;
    }
    first = entry;
  }
  if (first == nullptr) {
    mistakes.add({},
                 "the file says no load; add [users] (each waits for its answer), [arrivals] "
                 "(requests at a rate) or [trace] (a recorded load)");
  }
  with_section(root, users_section, "users", mistakes,
               [&](const TableReader& reader) { load = read_users(reader); });
  with_section(root, arrivals_section, "arrivals", mistakes,
               [&](const TableReader& reader) { load = read_arrivals(reader); });
  with_section(root, trace_section, "trace", mistakes,
               [&](const TableReader& reader) { load = read_trace(reader); });
}

void check_load(const DocumentNode& root, const Scenario& scenario, Mistakes& mistakes) {
  const nanoseconds load_time = scenario.phases.warm_up + scenario.phases.measure;
  if (const auto* users = std::get_if<ClosedUsers>(&scenario.load)) {
    check_users(root, *users, load_time, mistakes);
  } else if (const auto* arrivals = std::get_if<OpenArrivals>(&scenario.load)) {
    check_arrivals(root, *arrivals, load_time, mistakes);
  }
}

}  // namespace squall::scenarios
