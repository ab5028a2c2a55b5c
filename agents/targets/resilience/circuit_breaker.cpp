#include "agents/targets/resilience/circuit_breaker.hpp"

#include <cassert>
#include <utility>

namespace squall::agents {

using namespace actors;

namespace {

std::string counted(unsigned count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

std::string because(std::string_view why) {
  return why.empty() ? std::string() : ": " + std::string(why);
}

}  // namespace

CircuitBreaker::Sign sign_of(const RequestOutcome& outcome) {
  using Sign = CircuitBreaker::Sign;
  if (std::holds_alternative<Completed>(outcome)) return Sign::answered;
  if (std::holds_alternative<TimedOut>(outcome)) return Sign::failed;
  if (const auto* failed = std::get_if<Failed>(&outcome))
    return failed->may_pass ? Sign::failed : Sign::answered;
  return Sign::nothing;
}

CircuitBreaker::Decision CircuitBreaker::on_request(Instant now) {
  Decision decision;
  if (state_ == State::open && now >= open_until_) {
    state_ = State::half_open;
    ++era_;
    probing_ = answered_ = 0;
    decision.change =
        "circuit breaker half-open: letting " + counted(settings_.probes, "request") + " through";
  }
  if (state_ == State::open) return decision;
  if (state_ == State::half_open) {
    if (probing_ + answered_ >= settings_.probes) return decision;
    ++probing_;
  }
  decision.permit = Permit{era_};
  return decision;
}

CircuitBreaker::Change CircuitBreaker::on_end(Permit permit, Sign sign, std::string_view why,
                                              Instant now) {
  if (permit.era != era_) return std::nullopt;
  assert(state_ != State::open && "no permit is given while open");
  if (state_ == State::closed) {
    if (sign == Sign::answered) failures_in_a_row_ = 0;
    if (sign != Sign::failed || ++failures_in_a_row_ < settings_.failures) return std::nullopt;
    return open(
        ": " + counted(failures_in_a_row_, "failure") + " in a row, the last" + because(why), now);
  }
  assert(probing_ > 0);
  --probing_;
  if (sign == Sign::failed) return open(" again: a probe failed" + because(why), now);
  if (sign == Sign::answered) ++answered_;
  if (answered_ < settings_.probes) return std::nullopt;
  state_ = State::closed;
  ++era_;
  failures_in_a_row_ = 0;
  return "circuit breaker closed: " + counted(answered_, "probe") + " answered";
}

std::string CircuitBreaker::open(std::string why, Instant now) {
  state_ = State::open;
  ++era_;
  open_until_ = now + settings_.open_for;
  return "circuit breaker open" + std::move(why);
}

}  // namespace squall::agents
