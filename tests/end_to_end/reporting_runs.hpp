#pragma once
// Runs of the real programs, in a state folder of their own, for tests of what is reported of them.

#include <filesystem>
#include <string>
#include <vector>

#include "tests/fixtures/process.hpp"

namespace squall::tests {

struct Said {
  int code = -1;
  std::string out, err;
};

class ReportingRuns {
 public:
  explicit ReportingRuns(std::string programs) : programs_(std::move(programs)) {}

  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }
  std::string write(const std::string& name, const std::string& content) const {
    return folder_.write(name, content).string();
  }

  Said squall(std::vector<std::string> words,
              const std::vector<std::string>& environment = {}) const {
    words.insert(words.begin(), programs_ + "/squall");
    std::vector<std::string> variables = environment;
    variables.push_back("SQUALL_STATE=" + path("state"));
    variables.push_back("SQUALL_STORE=");
    Process process(words, variables);
    const int code = process.wait(std::chrono::seconds(60));
    return {code, process.out(), process.err()};
  }

  /// A run of a scenario with this name and these lines; whether it came to an end. A busy machine
  /// may make it invalid, and it is reported all the same.
  bool run(const std::string& name, const std::string& lines,
           const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words{"run", write("scenario.toml", scenario_text(name, lines))};
    words.insert(words.end(), more.begin(), more.end());
    last_ = squall(words);
    return last_.code == 0 || last_.code == 10 || last_.code == 12 || last_.code == 13;
  }
  const Said& last() const { return last_; }

  static std::string scenario_text(const std::string& name, const std::string& lines) {
    return "name = '" + name + "'\nseed = 7\nthresholds = [\"error_rate < 50%\", " +
           "\"ttft p99.9 < 5s\"]\n" + lines;
  }

 private:
  std::string programs_;
  TemporaryFolder folder_;
  mutable Said last_;
};

/// Three kinds of runs: arrivals and users of a law, and a model that is inferred.
inline constexpr const char* arrivals_of_a_law = R"(
[target]
kind = "simulated"
[arrivals]
rate = 60.0
[answers]
tokens = 4
[phases]
warm_up = "500ms"
measure = "2s"
drain = "1s"
)";
inline constexpr const char* users_of_a_law = R"(
[target]
kind = "simulated"
[users]
count = 4
[answers]
tokens = 3
[phases]
measure = "1s"
drain = "2s"
)";
inline constexpr const char* users_of_a_model = R"(
[target]
model = "synthetic:llama-15m/q8_0"
[users]
count = 2
[prompts]
tokens = 8
[answers]
tokens = 4
[phases]
measure = "1s"
drain = "3s"
)";

}  // namespace squall::tests
