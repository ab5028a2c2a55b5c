#include "coordinator/report/load_in_words.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <functional>
#include <variant>

#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

using namespace scenarios;

namespace {

using InWords = std::function<std::string(double)>;

std::string duration_in_words(double seconds) {
  return readable(std::chrono::round<nanoseconds>(std::chrono::duration<double>(seconds)));
}

std::string number_in_words(double value) {
  const bool whole = value == std::floor(value) && value >= 0 && value < 1e15;
  return whole ? readable_count(static_cast<std::uint64_t>(value)) : readable_rate(value);
}

/// "8", "8 to 40 in 10.0 s", "10.0 +- 5.00 every 60.0 s for 2 min 00 s".
std::string piece_in_words(const LoadPiece& piece, const InWords& value, bool last) {
  std::string text = value(piece.from);
  if (piece.to != piece.from) text += " to " + value(piece.to);
  if (piece.amplitude > 0)
    text += " +- " + value(piece.amplitude) + " every " + readable(piece.period);
  if (piece.to != piece.from) return text + " in " + readable(piece.length);
  return last ? text : text + " for " + readable(piece.length);
}

std::string shape_in_words(const LoadShape& shape, const InWords& value, const std::string& unit) {
  const auto& pieces = shape.pieces();
  constexpr std::size_t most = 4;
  if (pieces.size() > most) {
    double low = pieces.front().from, high = low;
    for (const LoadPiece& piece : pieces) {
      low = std::min({low, piece.from - piece.amplitude, piece.to - piece.amplitude});
      high = std::max({high, piece.from + piece.amplitude, piece.to + piece.amplitude});
    }
    return value(low) + " to " + value(high) + " " + unit + " in " + readable_count(pieces.size()) +
           " stages";
  }
  const bool steady = pieces.size() == 1 && pieces[0].to == pieces[0].from;
  if (steady) return piece_in_words(pieces[0], value, true) + " " + unit;
  std::string text;
  for (std::size_t i = 0; i < pieces.size(); ++i)
    text += (i > 0 ? ", then " : "") + piece_in_words(pieces[i], value, i + 1 == pieces.size());
  return unit + ": " + text;
}

std::string distribution_in_words(const Distribution& distribution, const InWords& value) {
  using Shape = Distribution::Shape;
  const std::string mean = value(distribution.mean);
  switch (distribution.shape) {
    case Shape::constant:
      return mean;
    case Shape::uniform:
      return value(distribution.minimum) + " to " + value(distribution.maximum);
    case Shape::normal:
      return mean + " (normal)";
    case Shape::lognormal:
      return mean + " (lognormal)";
    case Shape::exponential:
      return mean + " (exponential)";
    case Shape::bimodal:
      return "two modes";
    case Shape::empirical:
      return "values that were seen";
  }
  assert(false);
  return {};
}

bool is_constant(const Distribution& distribution, double value) {
  return distribution.shape == Distribution::Shape::constant && distribution.mean == value;
}

std::string cap_in_words(std::uint64_t max_in_flight, WhenFull when_full) {
  if (max_in_flight == 0) return {};
  return "; at most " + readable_count(max_in_flight) + " in flight, further ones " +
         (when_full == WhenFull::wait ? "wait" : "are dropped");
}

std::string in_words(const ClosedUsers& users) {
  const bool one = users.count == LoadShape::constant(1);
  std::string text = shape_in_words(users.count, number_in_words, one ? "user" : "users");
  if (!is_constant(users.think_time, 0))
    text += "; think time " + distribution_in_words(users.think_time, duration_in_words);
  const Conversations& talk = users.conversations;
  if (!is_constant(talk.turns, 1))
    text += "; conversations of " + distribution_in_words(talk.turns, number_in_words) + " turns";
  if (!is_constant(talk.pause, 0))
    text += "; pause between sessions " + distribution_in_words(talk.pause, duration_in_words);
  return text;
}

std::string in_words(const OpenArrivals& arrivals) {
  using Process = OpenArrivals::Process;
  std::string process = "constant";
  if (arrivals.process == Process::poisson) process = "poisson";
  if (arrivals.process == Process::gamma)
    process = "gamma, burstiness " + number_in_words(arrivals.burstiness);
  return shape_in_words(arrivals.rate, readable_rate, "arrivals/s") + " (" + process + ")" +
         cap_in_words(arrivals.max_in_flight, arrivals.when_full);
}

std::string in_words(const TraceReplay& trace) {
  std::string text = "trace " + trace.file;
  if (trace.time_scale != 1) text += " at " + number_in_words(trace.time_scale) + "x";
  if (trace.skip > 0) text += ", from entry " + readable_count(trace.skip + 1);
  if (trace.limit > 0) text += ", " + readable_count(trace.limit) + " entries at most";
  return text + cap_in_words(trace.max_in_flight, trace.when_full);
}

}  // namespace

std::string load_in_words(const Load& load) {
  return std::visit([](const auto& each) { return in_words(each); }, load);
}

}  // namespace squall::coordinator
