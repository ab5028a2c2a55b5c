#include "tests/failures/lossy_wire.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <poll.h>
#include <sys/eventfd.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

#include "scenarios/load/random.hpp"

namespace squall::tests {

namespace {

using Clock = std::chrono::steady_clock;
using Packet = std::vector<std::byte>;

constexpr std::size_t packets_at_once = 64;       // of one direction, so that both get their turn
constexpr std::size_t packets_under_way = 20000;  // of one direction; more are lost, as in a router

bool is_ipv4(const Packet& packet) { return !packet.empty() && (packet[0] >> 4) == std::byte{4}; }

/// What enters at one end and leaves at the other.
struct Way {
  Way(int entry, int exit, std::uint64_t seed, std::uint64_t number)
      : in(entry), out(exit), random(seed, number) {}

  int in, out;
  scenarios::Random random;
  WireFaults faults;
  bool plugged = true;
  WireCounts counts;
  // Packets due at the same instant leave in the order in which they entered.
  std::map<std::pair<Clock::time_point, std::uint64_t>, Packet> under_way;

  void take(Packet packet, Clock::time_point now) {
    // All is drawn for each packet, so that its fate does not depend on what befell others.
    const double lost = random.uniform();
    const double doubled = random.uniform();
    const double overtakes = random.uniform();
    const double early = random.uniform();
    ++counts.entered;
    if (faults.cut || !plugged) {
      ++counts.cut;
      return;
    }
    if (lost < faults.loss || under_way.size() >= packets_under_way) {
      ++counts.lost;
      return;
    }
    auto due = now;
    if (overtakes < faults.reordering) {
      ++counts.overtaking;
    } else {
      const auto jitter =
          std::chrono::duration<double, std::milli>(faults.jitter) * (2 * early - 1);
      due += std::chrono::duration_cast<Clock::duration>(faults.delay + jitter);
      due = std::max(due, now);
    }
    if (doubled < faults.duplication) {
      ++counts.duplicated;
      under_way.emplace(std::pair(due, 2 * counts.entered), packet);
    }
    under_way.emplace(std::pair(due, 2 * counts.entered + 1), std::move(packet));
  }

  void take_some(Clock::time_point now) {
    std::array<std::byte, 65536> buffer;
    for (std::size_t i = 0; i < packets_at_once; ++i) {
      const auto size = read(in, buffer.data(), buffer.size());
      if (size <= 0) return;
      Packet packet(buffer.begin(), buffer.begin() + size);
      if (is_ipv4(packet)) take(std::move(packet), now);
    }
  }

  void give(Clock::time_point now) {
    while (!under_way.empty() && under_way.begin()->first.first <= now) {
      const Packet& packet = under_way.begin()->second;
      if (plugged && write(out, packet.data(), packet.size()) > 0) ++counts.delivered;
      under_way.erase(under_way.begin());
    }
  }
};

}  // namespace

struct LossyWire::Impl {
  Impl(const Place& left_place, const Place& right_place, std::uint64_t seed)
      : left(left_place.network, left_place.interface, left_place.address, right_place.address),
        right(right_place.network, right_place.interface, right_place.address, left_place.address),
        from_left(left.descriptor(), right.descriptor(), seed, 0),
        from_right(right.descriptor(), left.descriptor(), seed, 1),
        wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
        thread([this] { run(); }) {}

  ~Impl() {
    stopping = true;
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = write(wake, &one, sizeof one);
    thread.join();
    close(wake);
  }

  std::optional<Clock::time_point> next_due() const {
    std::optional<Clock::time_point> next;
    for (const Way* way : {&from_left, &from_right})
      if (!way->under_way.empty() && (!next || way->under_way.begin()->first.first < *next))
        next = way->under_way.begin()->first.first;
    return next;
  }

  void run() {
    while (!stopping) {
      std::array<pollfd, 3> ends{pollfd{left.descriptor(), POLLIN, 0},
                                 pollfd{right.descriptor(), POLLIN, 0}, pollfd{wake, POLLIN, 0}};
      std::optional<Clock::time_point> due;
      {
        const std::lock_guard lock(mutex);
        due = next_due();
      }
      timespec patience{1, 0};
      if (due) {
        const auto left_over = std::max(*due - Clock::now(), Clock::duration::zero());
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left_over);
        patience = {seconds.count(), (left_over - seconds).count()};
      }
      ppoll(ends.data(), ends.size(), &patience, nullptr);
      const std::lock_guard lock(mutex);
      const auto now = Clock::now();
      for (Way* way : {&from_left, &from_right}) {
        way->take_some(now);
        way->give(now);
      }
    }
  }

  WireEnd left, right;
  mutable std::mutex mutex;  // guards the ways
  Way from_left, from_right;
  int wake;
  std::atomic<bool> stopping{false};
  std::thread thread;  // last: it uses what is above

  Way& way(From from) { return from == From::left ? from_left : from_right; }
};

LossyWire::LossyWire(const Place& left, const Place& right, std::uint64_t seed)
    : impl_(std::make_unique<Impl>(left, right, seed)) {}

LossyWire::~LossyWire() = default;

void LossyWire::set(From from, const WireFaults& faults) {
  const std::lock_guard lock(impl_->mutex);
  impl_->way(from).faults = faults;
}

void LossyWire::set_plugged(bool plugged) {
  // The kernel takes up to a second to notice that a carrier is gone.
  const std::lock_guard lock(impl_->mutex);
  for (Way* way : {&impl_->from_left, &impl_->from_right}) way->plugged = plugged;
  impl_->left.set_carrier(plugged);
  impl_->right.set_carrier(plugged);
}

WireCounts LossyWire::counts(From from) const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->way(from).counts;
}

}  // namespace squall::tests
