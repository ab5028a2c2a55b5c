#pragma once
// The options and help of `squall plan`.

#include <memory>
#include <optional>

namespace CLI {
class App;
}

namespace squall::coordinator {

class PlanLine {
 public:
  explicit PlanLine(CLI::App& app);
  ~PlanLine();
  PlanLine(const PlanLine&) = delete;
  PlanLine& operator=(const PlanLine&) = delete;

  /// The exit code, or none when another command was typed. Throws as plan_command does.
  std::optional<int> perform();

 private:
  struct Orders;
  std::unique_ptr<Orders> orders_;
};

}  // namespace squall::coordinator
