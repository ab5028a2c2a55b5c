#include "actors/journal/threshold_entries.hpp"

#include <cassert>
#include <cmath>
#include <utility>

#include "actors/wire/message_parts.hpp"
#include "journal/journal.pb.h"

namespace squall::actors {

using scenarios::ResolvedThreshold;

namespace {

void write(const ResolvedThreshold& resolved, proto::ResolvedThreshold& out) {
  out.set_text(cut(resolved.threshold.text));
  out.set_limit(resolved.threshold.limit);
  assert(resolved.steps.size() <= step_limit);  // whoever resolves keeps to the limits
  for (const auto& step : resolved.steps) {
    auto& added = *out.add_steps();
    added.set_rule(cut(step.rule));
    added.set_source(cut(step.source));
    if (step.value) added.set_value(*step.value);
  }
  out.set_guess(cut(resolved.guess));
  out.set_missing(cut(resolved.missing));
  out.set_reference(resolved.reference);
}

bool is_figure(double value) { return std::isfinite(value) && value >= 0; }

std::optional<ResolvedThreshold> read(const proto::ResolvedThreshold& in) {
  if (!short_enough(in.text(), in.guess(), in.missing()) || !is_figure(in.limit()) ||
      !is_figure(in.reference()) || static_cast<std::size_t>(in.steps_size()) > step_limit)
    return std::nullopt;
  ResolvedThreshold resolved{{}, {}, in.guess(), in.missing(), in.reference()};
  try {
    resolved.threshold = scenarios::parse_threshold(in.text());
  } catch (const scenarios::ThresholdError&) {
    return std::nullopt;
  }
  resolved.threshold.limit = in.limit();
  for (const auto& step : in.steps()) {
    if (!short_enough(step.rule(), step.source()) || !is_figure(step.value())) return std::nullopt;
    std::optional<double> value;
    if (step.has_value()) value = step.value();
    resolved.steps.push_back({step.rule(), step.source(), value});
  }
  return resolved;
}

}  // namespace

void write_entry(const ThresholdsResolved& entry, proto::RunEntry& out) {
  auto& resolved = *out.mutable_thresholds_resolved();
  assert(entry.thresholds.size() <= threshold_limit && entry.notes.size() <= note_limit);
  for (const auto& each : entry.thresholds) write(each, *resolved.add_thresholds());
  for (const auto& note : entry.notes) resolved.add_notes(cut(note));
}

void write_entry(const ThresholdSet& entry, proto::RunEntry& out) {
  out.mutable_threshold_set()->set_at(entry.at);
  write(entry.threshold, *out.mutable_threshold_set()->mutable_threshold());
}

void write_entry(const ThresholdUnset& entry, proto::RunEntry& out) {
  out.mutable_threshold_unset()->set_at(entry.at);
  out.mutable_threshold_unset()->set_text(cut(entry.text));
}

void write_entry(const LoadAborted& entry, proto::RunEntry& out) {
  auto& aborted = *out.mutable_load_aborted();
  aborted.set_at(entry.at);
  aborted.set_threshold(cut(entry.threshold));
  aborted.set_why(cut(entry.why));
  aborted.set_from(entry.from.count());
  aborted.set_to(entry.to.count());
}

std::optional<RunEntry> read_entry(const proto::ThresholdsResolved& in) {
  if (static_cast<std::size_t>(in.thresholds_size()) > threshold_limit ||
      static_cast<std::size_t>(in.notes_size()) > note_limit)
    return std::nullopt;
  ThresholdsResolved entry;
  for (const auto& each : in.thresholds()) {
    auto resolved = read(each);
    if (!resolved) return std::nullopt;
    entry.thresholds.push_back(std::move(*resolved));
  }
  for (const auto& note : in.notes()) {
    if (!short_enough(note)) return std::nullopt;
    entry.notes.push_back(note);
  }
  return entry;
}

std::optional<RunEntry> read_entry(const proto::ThresholdSet& in) {
  auto resolved = read(in.threshold());
  if (!resolved || !is_instant(in.at())) return std::nullopt;
  return ThresholdSet{in.at(), std::move(*resolved)};
}

std::optional<RunEntry> read_entry(const proto::ThresholdUnset& in) {
  if (!is_instant(in.at()) || !short_enough(in.text())) return std::nullopt;
  return ThresholdUnset{in.at(), in.text()};
}

std::optional<RunEntry> read_entry(const proto::LoadAborted& in) {
  if (!is_instant(in.at()) || !short_enough(in.threshold(), in.why()) || !is_duration(in.from()) ||
      !is_duration(in.to()))
    return std::nullopt;
  return LoadAborted{in.at(), in.threshold(), in.why(), nanoseconds(in.from()),
                     nanoseconds(in.to())};
}

}  // namespace squall::actors
