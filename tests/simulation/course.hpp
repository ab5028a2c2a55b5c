#pragma once
// The course of a simulation, for people: who did what when, in true time; and how a simulation
// ends that found something wrong.

#include <functional>
#include <stdexcept>
#include <string>

#include "actors/messages.hpp"
#include "tests/simulation/event_queue.hpp"

namespace squall::tests {

/// Something that must never happen did.
struct InvariantBroken : std::runtime_error {
  InvariantBroken(nanoseconds at_, std::string invariant_, const std::string& what)
      : std::runtime_error(what), at(at_), invariant(std::move(invariant_)) {}
  nanoseconds at;
  std::string invariant;
};

class Course {
 public:
  using OnLine =
      std::function<void(nanoseconds at, const std::string& who, const std::string& what)>;

  /// Nobody reads: nothing is put into words.
  Course() = default;
  explicit Course(OnLine on_line) : on_line_(std::move(on_line)) {}

  bool read() const { return static_cast<bool>(on_line_); }
  void tell(nanoseconds at, const std::string& who, const std::string& what) const {
    if (on_line_) on_line_(at, who, what);
  }

 private:
  OnLine on_line_;
};

/// "BatchAcknowledged 7"
std::string in_words(const actors::AgentMessage& message);
std::string in_words(const actors::CoordinatorMessage& message);

}  // namespace squall::tests
