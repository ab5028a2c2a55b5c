#pragma once
// What an honest peer stays within. Whatever decode() lets through can be added and subtracted
// without overflow, so nobody behind it needs to think of that again.

#include <cstddef>
#include <cstdint>

#include "actors/metrics/histogram.hpp"

namespace squall::actors {

inline constexpr std::size_t text_limit = 64 * 1024;  // bytes: names, messages, reasons
inline constexpr std::size_t warning_limit = 16;      // warnings of one agent
inline constexpr std::size_t warning_text_limit = 4096;
inline constexpr std::size_t error_class_limit = 256;  // distinct classes of errors in a batch
inline constexpr std::size_t category_limit = 64;      // of prompts, in a phase
inline constexpr std::size_t event_limit = 64;         // in a batch
inline constexpr std::size_t event_text_limit = 512;
inline constexpr std::size_t label_limit = 64;  // of one agent; each of text_of_label bytes
inline constexpr std::size_t text_of_label = 256;
inline constexpr std::size_t roster_limit = 4096;    // lines of a roster
inline constexpr std::size_t gpu_limit = 16;         // of one machine
inline constexpr std::size_t processor_limit = 256;  // logical ones, in a sample
inline constexpr std::size_t bandwidth_limit = 64;   // measurements of one machine
inline constexpr std::size_t sample_limit = 4;       // of resources, in a batch
inline constexpr double gauge_limit = 1e18;          // degrees, watts, hertz; ceilings a second
inline constexpr double rate_limit = 1e12;           // per second: what an agent may claim to drive
inline constexpr std::uint64_t count_limit = Histogram::count_limit;
inline constexpr std::int64_t time_limit = std::int64_t{1} << 60;  // nanoseconds: 36 years

inline bool is_count(std::uint64_t count) { return count <= count_limit; }
inline bool is_instant(std::int64_t instant) {
  return instant >= -time_limit && instant <= time_limit;
}
inline bool is_rate(double rate) { return rate >= 0 && rate <= rate_limit; }  // and no NaN
inline bool is_ceiling(double rate) { return rate >= 0 && rate <= gauge_limit; }
inline bool is_gauge(double gauge) { return gauge >= -gauge_limit && gauge <= gauge_limit; }
inline bool is_duration(std::int64_t duration) { return duration >= 0 && duration <= time_limit; }

}  // namespace squall::actors
