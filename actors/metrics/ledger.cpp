#include "actors/metrics/ledger.hpp"

#include <cassert>

namespace squall::actors {

Ledger& Ledger::operator+=(const Ledger& other) {
  scheduled += other.scheduled;
  issued += other.issued;
  dropped_late += other.dropped_late;
  cancelled_before_send += other.cancelled_before_send;
  ok += other.ok;
  error += other.error;
  timeout += other.timeout;
  cancelled += other.cancelled;
  open_at_end += other.open_at_end;
  return *this;
}

Ledger Ledger::operator-(const Ledger& earlier) const {
  const auto less = [](std::uint64_t now, std::uint64_t before) {
    assert(now >= before && "counts of a ledger only grow");
    return now - before;
  };
  return {.scheduled = less(scheduled, earlier.scheduled),
          .issued = less(issued, earlier.issued),
          .dropped_late = less(dropped_late, earlier.dropped_late),
          .cancelled_before_send = less(cancelled_before_send, earlier.cancelled_before_send),
          .ok = less(ok, earlier.ok),
          .error = less(error, earlier.error),
          .timeout = less(timeout, earlier.timeout),
          .cancelled = less(cancelled, earlier.cancelled),
          .open_at_end = less(open_at_end, earlier.open_at_end)};
}

std::vector<std::string> imbalances(const Ledger& sealed) {
  const auto number = [](std::uint64_t count) { return std::to_string(count); };
  std::vector<std::string> broken;
  if (sealed.scheduled != sealed.issued + sealed.dropped_late + sealed.cancelled_before_send)
    broken.push_back("scheduled " + number(sealed.scheduled) + " is not issued " +
                     number(sealed.issued) + " + dropped late " + number(sealed.dropped_late) +
                     " + cancelled before send " + number(sealed.cancelled_before_send));
  if (sealed.issued != sealed.ended())
    broken.push_back("issued " + number(sealed.issued) + " is not ok " + number(sealed.ok) +
                     " + error " + number(sealed.error) + " + timeout " + number(sealed.timeout) +
                     " + cancelled " + number(sealed.cancelled) + " + open at end " +
                     number(sealed.open_at_end));
  return broken;
}

}  // namespace squall::actors
