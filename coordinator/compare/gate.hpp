#pragma once
// What a figure of a run is (which way is better, how it is written), and which figures a
// comparison is judged by, each with the margin that counts as worse.

#include <stdexcept>
#include <string>
#include <vector>

namespace squall::coordinator {

enum class FigureUnit { seconds, per_second, share };

struct FigureKind {
  bool more_is_better = false;
  FigureUnit unit = FigureUnit::seconds;
  // Shares are compared by their difference: they may be 0, and "1 % more errors" is meant so.
  bool by_difference() const { return unit == FigureUnit::share; }
};

FigureKind kind_of_figure(const std::string& figure);

/// As axes of charts have it: "s", "share", "tokens/s", "answers/s".
std::string unit_of_figure(const std::string& figure);

/// "12.3 ms", "1,234", "0.12 %".
std::string readable_figure(double value, FigureUnit unit);

struct Gate {
  std::string figure;           // "ttft_p99"
  double margin = 0;            // 0.1: ten percent worse; of shares ten points
  bool where_measured = false;  // left out where no run has it
};

/// More would leave five runs a side without any power (Holm).
inline constexpr std::size_t most_gates = 6;

/// 5 % of throughput and of the medians of ttft and tpot, 10 % of ttft's p99, a point of errors.
std::vector<Gate> usual_gates();

struct GateMistake : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// `changes` of the usual gates, as --gate takes them: "e2e_p99=10%" adds or changes one,
/// "e2e_p99" has 5 %, or 10 % from p95 on, "-tpot_p50" takes one out. With `only` the usual gates
/// are not there. Throws GateMistake for unknown figures, senseless margins, more than most_gates.
std::vector<Gate> gates_of(const std::vector<std::string>& changes, bool only);

}  // namespace squall::coordinator
