#include "actors/wire/request_codec.hpp"

#include <initializer_list>

#include "actors/metrics/metrics_snapshot.hpp"
#include "actors/wire/limits.hpp"
#include "messages.pb.h"

namespace squall::actors {

namespace {

constexpr std::uint32_t ending_mask = 7, warm_up = 8, from_cache = 16, has_content = 32,
                        has_stall = 64, has_queue = 128, all_bits = 255;
constexpr auto last_ending = static_cast<std::uint32_t>(RequestEnding::open_at_end);

std::uint32_t state_of(const RequestRecord& request) {
  auto state = static_cast<std::uint32_t>(request.ending);
  if (request.phase == Phase::warm_up) state |= warm_up;
  if (request.from_cache) state |= from_cache;
  if (request.to_first && request.to_last) state |= has_content;
  if (request.stall) state |= has_stall;
  if (request.queue) state |= has_queue;
  return state;
}

std::int64_t count_of(const std::optional<nanoseconds>& duration) {
  return duration.value_or(nanoseconds{0}).count();
}

bool columns_agree(const proto::RequestRecords& in) {
  const int size = in.request_size();
  if (size > static_cast<int>(MetricsSnapshot::requests_kept)) return false;
  for (const int each :
       {in.scheduled_size(), in.dispatch_delay_size(), in.state_size(), in.to_first_size(),
        in.to_last_size(), in.stall_size(), in.queue_size(), in.prompt_tokens_size(),
        in.output_tokens_size(), in.category_size(), in.attempts_size()})
    if (each != size) return false;
  return true;
}

bool is_believable(const proto::RequestRecords& in, int i) {
  const std::uint32_t state = in.state(i);
  if (state > all_bits || (state & ending_mask) > last_ending || in.category(i) >= category_limit)
    return false;
  for (const std::int64_t time : {in.dispatch_delay(i), in.to_first(i), in.to_last(i), in.stall(i),
                                  in.queue(i), in.scheduled(i), in.request(i)})
    if (!is_instant(time)) return false;
  return true;
}

}  // namespace

std::string bytes_of(const std::vector<RequestRecord>& requests) {
  proto::RequestRecords out;
  std::int64_t request = 0, scheduled = 0;
  for (const RequestRecord& each : requests) {
    const auto number = static_cast<std::int64_t>(each.request);
    out.add_request(number - request);
    request = number;
    out.add_scheduled(each.scheduled.count() - scheduled);
    scheduled = each.scheduled.count();
    out.add_dispatch_delay(each.dispatch_delay.count());
    out.add_state(state_of(each));
    out.add_to_first(count_of(each.to_first));
    out.add_to_last(count_of(each.to_last));
    out.add_stall(count_of(each.stall));
    out.add_queue(count_of(each.queue));
    out.add_prompt_tokens(each.prompt_tokens);
    out.add_output_tokens(each.output_tokens);
    out.add_category(each.category);
    out.add_attempts(each.attempts);
  }
  return out.SerializeAsString();
}

std::optional<std::vector<RequestRecord>> requests_of(std::span<const std::byte> batch) {
  proto::BatchRequests within;
  proto::RequestRecords in;
  if (!within.ParseFromArray(batch.data(), static_cast<int>(batch.size())) ||
      !in.ParseFromString(within.requests()) || !columns_agree(in))
    return std::nullopt;
  std::vector<RequestRecord> requests;
  requests.reserve(static_cast<std::size_t>(in.request_size()));
  std::int64_t request = 0, scheduled = 0;
  for (int i = 0; i < in.request_size(); ++i) {
    if (!is_believable(in, i)) return std::nullopt;
    request += in.request(i);
    scheduled += in.scheduled(i);
    if (!is_instant(request) || !is_instant(scheduled)) return std::nullopt;
    const std::uint32_t state = in.state(i);
    RequestRecord& out = requests.emplace_back();
    out.request = static_cast<std::uint64_t>(request);
    out.phase = (state & warm_up) != 0 ? Phase::warm_up : Phase::measure;
    out.ending = static_cast<RequestEnding>(state & ending_mask);
    out.from_cache = (state & from_cache) != 0;
    out.scheduled = nanoseconds(scheduled);
    out.dispatch_delay = nanoseconds(in.dispatch_delay(i));
    if ((state & has_content) != 0) {
      out.to_first = nanoseconds(in.to_first(i));
      out.to_last = nanoseconds(in.to_last(i));
    }
    if ((state & has_stall) != 0) out.stall = nanoseconds(in.stall(i));
    if ((state & has_queue) != 0) out.queue = nanoseconds(in.queue(i));
    out.prompt_tokens = in.prompt_tokens(i);
    out.output_tokens = in.output_tokens(i);
    out.category = in.category(i);
    out.attempts = in.attempts(i);
  }
  return requests;
}

}  // namespace squall::actors
