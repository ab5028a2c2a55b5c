#pragma once
// Entries of a run's journal about its thresholds <-> protobuf, with all checks; run_entries has
// the others.

#include <optional>

#include "actors/journal/run_entries.hpp"

namespace squall::proto {
class LoadAborted;
class RunEntry;
class ThresholdsResolved;
class ThresholdSet;
class ThresholdUnset;
}  // namespace squall::proto

namespace squall::actors {

inline constexpr std::size_t threshold_limit = 256;  // thresholds of a run
inline constexpr std::size_t step_limit = 64;        // rules behind one of them
inline constexpr std::size_t note_limit = 64;

void write_entry(const ThresholdsResolved& entry, proto::RunEntry& out);
void write_entry(const ThresholdSet& entry, proto::RunEntry& out);
void write_entry(const ThresholdUnset& entry, proto::RunEntry& out);
void write_entry(const LoadAborted& entry, proto::RunEntry& out);

/// Empty when they break a limit, or name a threshold that is none of this release.
std::optional<RunEntry> read_entry(const proto::ThresholdsResolved& in);
std::optional<RunEntry> read_entry(const proto::ThresholdSet& in);
std::optional<RunEntry> read_entry(const proto::ThresholdUnset& in);
std::optional<RunEntry> read_entry(const proto::LoadAborted& in);

}  // namespace squall::actors
