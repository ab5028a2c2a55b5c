#include "coordinator/selftest/selftest_command.hpp"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <optional>
#include <signal.h>
#include <unistd.h>

#include "coordinator/commands/report_file.hpp"
#include "coordinator/live/terminal.hpp"
#include "coordinator/processes/child_run.hpp"
#include "coordinator/processes/interruption.hpp"
#include "coordinator/selftest/interval_coverage.hpp"
#include "coordinator/selftest/known_runs.hpp"
#include "coordinator/selftest/noise_floor.hpp"
#include "coordinator/selftest/selftest_report.hpp"
#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

using namespace std::chrono_literals;

namespace {

/// One line that tells what is going on: in place on a terminal, else once for each part.
class Progress {
 public:
  Progress() : in_place_(isatty(STDERR_FILENO) == 1) {}
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void begin(const std::string& what) {
    what_ = what;
    begun_ = std::chrono::steady_clock::now();
    if (!in_place_) std::fprintf(stderr, "selftest (simulated): %s\n", what_.c_str());
  }
  void tick() {
    if (!in_place_) return;
    const auto now = std::chrono::steady_clock::now();
    if (now - drawn_ < 200ms) return;
    drawn_ = now;
    std::fprintf(stderr, "\r\033[Kselftest (simulated): %s, %s", what_.c_str(),
                 readable_clock(now - begun_).c_str());
    std::fflush(stderr);
  }
  void clear() {
    if (in_place_) std::fputs("\r\033[K", stderr);
  }

 private:
  bool in_place_;
  std::string what_;
  std::chrono::steady_clock::time_point begun_{}, drawn_{};
};

nanoseconds p99_of(const actors::Histogram& lateness) {
  return lateness.count() == 0 ? 0ns : lateness.value_at_percentile(99);
}

class Selftest {
 public:
  explicit Selftest(const SelftestOptions& options) : options_(options) {
    results_.seed = options.seed;
    results_.quick = options.quick;
  }

  SelftestResults run() {
    prove_intervals();
    const auto runs = known_runs(options_.quick, options_.seed);
    for (std::size_t i = 0; i < runs.size() && !interruption_.heard(); ++i) {
      progress_.begin("run " + std::to_string(i + 1) + " of " + std::to_string(runs.size()) + ": " +
                      runs[i].title + ", about " + readable(runs[i].length));
      prove(runs[i]);
    }
    progress_.clear();
    results_.interrupted = interruption_.heard();
    return std::move(results_);
  }

 private:
  bool go_on() {
    progress_.tick();
    return !interruption_.heard();
  }

  void prove_intervals() {
    CoverageOptions coverage;
    coverage.first_seed = options_.seed;
    if (!options_.quick) coverage.runs = 1'000;
    progress_.begin("95 % intervals on virtual time, " + readable_count(coverage.runs) +
                    " runs of each law");
    const auto found = interval_coverage(coverage, [this] { return go_on(); });
    if (interruption_.heard()) return;
    results_.sections.push_back(
        {"95 % intervals against true percentiles, " + readable_count(coverage.runs) + " runs of " +
             readable_count(coverage.requests) + " requests on virtual time",
         coverage_checks(found)});
  }

  void prove(const KnownRun& known) {
    SelftestSection section{known.title, {}};
    try {
      const auto limit = known.length + 120s;  // to start and to drain on a busy machine
      std::optional<NoiseFloor> noise;
      if (known.noise_rate > 0) noise.emplace(known.noise_rate);
      const auto child =
          run_in_child(known.scenario, known.agents, limit, [this] { return go_on(); });
      if (interruption_.heard()) return;
      section.checks = checks_of(known, child, noise ? p99_of(noise->lateness()) : 0ns);
    } catch (const ChildRunError& error) {
      section.checks.push_back({"the run", "to end with a report", error.what(), false});
    } catch (const SelftestFiguresError& error) {
      section.checks.push_back({"the run", "to end with a report", error.what(), false});
    }
    results_.sections.push_back(std::move(section));
  }

  static std::vector<SelftestCheck> checks_of(const KnownRun& known, const ChildRunResult& child,
                                              nanoseconds noise_floor) {
    if (child.json.empty()) {
      const std::size_t line = child.errors.find_last_of('\n', child.errors.size() - 2) + 1;
      return {{"the run", "to end with a report",
               "exit code " + std::to_string(child.exit_code) + ": " + child.errors.substr(line),
               false}};
    }
    SelftestFigures figures = read_selftest_figures(child.json);
    figures.noise_floor_p99 = noise_floor;
    auto checks = known.judge(figures);
    for (auto& check : checks_of_any_run(figures, known.agents)) checks.push_back(std::move(check));
    return checks;
  }

  const SelftestOptions& options_;
  Interruption interruption_;
  Progress progress_;
  SelftestResults results_;
};

}  // namespace

int selftest_command(const SelftestOptions& options) {
  ReportFile json(options.json);  // before minutes are spent
  const SelftestResults results = Selftest(options).run();
  const bool colour = colour_wanted(stdout);
  std::printf("%s\n%s\n", selftest_table(results, summary_width(stdout), colour).c_str(),
              selftest_sentence(results).c_str());
  if (json.wanted() && !json.write(selftest_json(results))) return 1;
  if (results.interrupted) return 130;
  return results.failures() == 0 ? 0 : 1;
}

}  // namespace squall::coordinator
