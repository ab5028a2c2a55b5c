#include "scenarios/load/late_entry.hpp"

#include <optional>
#include <utility>

#include "scenarios/load/random.hpp"
#include "scenarios/load/random_stream.hpp"

namespace squall::scenarios {

namespace {

// Which part of the ramp has to be over before this arrival or user is there.
double place_in_ramp(std::uint64_t seed, std::uint64_t item) {
  return Random(seed, RandomStream::late_entry, item).uniform();
}

class LateArrivals final : public RepeatableStream {
 public:
  LateArrivals(std::unique_ptr<RepeatableStream> all, std::uint64_t seed, LateEntry entry)
      : all_(std::move(all)), seed_(seed), entry_(entry) {
    all_->skip_towards(entry.from);
  }

  std::optional<PlannedArrival> next() override {
    while (const auto arrival = all_->next()) {
      if (keeps(*arrival)) return arrival;
    }
    return std::nullopt;
  }

  std::uint64_t count_rest() override {
    std::uint64_t count = 0;
    while (const auto arrival = all_->next()) {
      if (keeps(*arrival)) ++count;
      if (arrival->at - entry_.from >= entry_.ramp) return count + all_->count_rest();
    }
    return count;
  }

  void skip_towards(nanoseconds at) override { all_->skip_towards(at); }

  std::unique_ptr<RepeatableStream> copy() const override {
    return std::make_unique<LateArrivals>(all_->copy(), seed_, entry_);
  }

 private:
  bool keeps(const PlannedArrival& arrival) const {
    const nanoseconds since = arrival.at - entry_.from;
    if (since < nanoseconds{0} || since >= entry_.ramp) return since >= nanoseconds{0};
    return place_in_ramp(seed_, arrival.arrival) * static_cast<double>(entry_.ramp.count()) <
           static_cast<double>(since.count());
  }

  std::unique_ptr<RepeatableStream> all_;
  std::uint64_t seed_;
  LateEntry entry_;
};

}  // namespace

std::unique_ptr<RepeatableStream> late_arrivals(std::unique_ptr<RepeatableStream> all,
                                                std::uint64_t seed, LateEntry entry) {
  return std::make_unique<LateArrivals>(std::move(all), seed, entry);
}

nanoseconds entry_of_user(LateEntry entry, std::uint64_t seed, std::uint64_t user) {
  if (entry.ramp <= nanoseconds{0}) return entry.from;
  const double passed = place_in_ramp(seed, user) * static_cast<double>(entry.ramp.count());
  return entry.from + nanoseconds(static_cast<std::int64_t>(passed));
}

std::uint32_t first_session(LateEntry entry) {
  if (entry == LateEntry{}) return 0;
  // A run lasts sixty days at most, in hundredths of a second well below 2^30.
  constexpr std::uint32_t taken_over = std::uint32_t{1} << 31;
  const auto hundredths = static_cast<std::uint64_t>(entry.from / std::chrono::milliseconds(10));
  return taken_over + static_cast<std::uint32_t>(hundredths % (taken_over / 2));
}

}  // namespace squall::scenarios
