#include "coordinator/preview/load_preview.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>
#include <map>
#include <set>
#include <variant>

#include "coordinator/run/metrics_timeline.hpp"

namespace squall::coordinator {

using namespace scenarios;

namespace {

// Of the closed model, where no plan knows how many requests there will be: each user's first
// sessions, until so many requests are known.
constexpr std::uint64_t enough_of_sessions = 10'000;

constexpr std::uint64_t arrivals_walked = 20'000'000;

/// Lengths as they come, then as a histogram.
class Lengths {
 public:
  void add(std::uint32_t length) {
    if (length == 0) return;  // of prompts from files: the target counts them
    ++counts_[length];
    ++samples_;
    sum_ += length;
  }

  LengthPreview preview() const {
    LengthPreview made;
    made.samples = samples_;
    if (samples_ == 0) return made;
    made.shortest = counts_.begin()->first;
    made.longest = counts_.rbegin()->first;
    made.mean = sum_ / static_cast<double>(samples_);
    make_rows(made);
    for (const auto& [length, count] : counts_) {
      const auto row =
          std::ranges::find_if(made.rows, [&](const auto& each) { return length <= each.to; });
      row->count += count;
    }
    return made;
  }

 private:
  /// Rows of equal width, or each twice as wide as the one before where the lengths differ by much.
  static void make_rows(LengthPreview& made) {
    constexpr std::uint32_t most = 12;
    const std::uint64_t spread = std::uint64_t{made.longest} - made.shortest + 1;
    if (made.longest / made.shortest >= 32) {
      std::uint64_t from = made.shortest, to = std::bit_ceil(std::uint64_t{made.shortest} + 1) - 1;
      for (; from <= made.longest; from = to + 1, to = 2 * to + 1)
        made.rows.push_back({static_cast<std::uint32_t>(from),
                             static_cast<std::uint32_t>(std::min<std::uint64_t>(to, made.longest)),
                             0});
      return;
    }
    const std::uint64_t width = (spread + most - 1) / most;
    for (std::uint64_t from = made.shortest; from <= made.longest; from += width)
      made.rows.push_back(
          {static_cast<std::uint32_t>(from),
           static_cast<std::uint32_t>(std::min<std::uint64_t>(from + width - 1, made.longest)), 0});
  }

  std::map<std::uint32_t, std::uint64_t> counts_;
  std::uint64_t samples_ = 0;
  double sum_ = 0;
};

class Preview {
 public:
  Preview(const Scenario& scenario, const PreviewOptions& options,
          const std::shared_ptr<const Trace>& trace)
      : scenario_(scenario), plan_(make_load_plan(scenario, {0, 1}, trace)) {
    assert(options.agents > 0 && options.bins > 0);
    made_.warm_up = scenario.phases.warm_up;
    made_.stop = plan_.stop;
    made_.open_model = !std::holds_alternative<ClosedUsers>(scenario.load);
    made_.bins.resize(options.bins);
    made_.bin_length =
        std::max(nanoseconds{1}, plan_.stop / static_cast<std::int64_t>(options.bins));
    made_.agents.resize(options.agents);
    for (const Category& category : scenario.categories)
      made_.categories.push_back({category.name, 0});
    if (trace) {
      made_.trace_entries = trace->entries.size();
      if (!trace->entries.empty()) made_.trace_length = trace->entries.back().at;
    }
  }

  LoadPreview make() {
    if (made_.open_model) {
      look_at_arrivals();
    } else {
      look_at_users();
      look_at_sessions();
    }
    made_.prompts = prompts_.preview();
    made_.answers = answers_.preview();
    made_.max_in_flight = cap();
    return std::move(made_);
  }

 private:
  std::size_t bin_of(nanoseconds at) const {
    const auto index = static_cast<std::size_t>(at / made_.bin_length);
    return std::min(index, made_.bins.size() - 1);
  }

  std::size_t agent_of(std::uint64_t item) const { return item % made_.agents.size(); }

  void look_at(const RequestPlace& place) {
    const RequestPlan request = plan_request(scenario_, place, plan_.trace.get());
    ++made_.looked_at;
    prompts_.add(request.prompt_tokens);
    answers_.add(request.answer_tokens);
    ++made_.categories.at(request.category).requests;
    if (request.check_accuracy) ++made_.checked_for_accuracy;
    last_turn_ = request.last_turn;
  }

  /// So many arrivals that walking through them would take longer than a glance may: the course
  /// as the rate has it, the totals as planned.
  void look_at_rate(const OpenArrivals& open, std::uint64_t step) {
    made_.expected = true;
    made_.arrivals = plan_.arrivals;
    const double scale = static_cast<double>(plan_.arrivals) / open.rate.total_until(plan_.stop);
    for (std::size_t bin = 0; bin < made_.bins.size(); ++bin) {
      const nanoseconds from = static_cast<std::int64_t>(bin) * made_.bin_length;
      const double due =
          open.rate.total_until(from + made_.bin_length) - open.rate.total_until(from);
      made_.bins[bin].arrivals = static_cast<std::uint64_t>(std::llround(due * scale));
    }
    const std::uint64_t agents = made_.agents.size();
    for (std::uint64_t agent = 0; agent < agents; ++agent)
      made_.agents[agent].arrivals = (plan_.arrivals + agents - 1 - agent) / agents;
    for (std::uint64_t arrival = 0; arrival < plan_.arrivals; arrival += step)
      look_at({arrival, 0, 0});
  }

  void look_at_arrivals() {
    const std::uint64_t step = plan_.arrivals / preview_request_limit + 1;
    made_.sampled = step > 1;
    const auto* open = std::get_if<OpenArrivals>(&scenario_.load);
    if (open != nullptr && plan_.arrivals > arrivals_walked) return look_at_rate(*open, step);
    const auto stream = arrivals_of(scenario_, plan_);
    while (const auto arrival = stream->next()) {
      ++made_.bins[bin_of(arrival->at)].arrivals;
      ++made_.agents[agent_of(arrival->arrival)].arrivals;
      if (made_.arrivals++ % step == 0) look_at({arrival->arrival, 0, 0});
    }
  }

  /// Users at work: their mean over each stretch of time, and the most at once.
  void look_at_users() {
    std::map<nanoseconds, std::int64_t> changes;
    std::set<std::uint64_t> known;
    for (const PlannedUser& user : plan_.users) {
      ++changes[user.start];
      --changes[user.end];
      if (known.insert(user.user).second) ++made_.agents[agent_of(user.user)].users;
      add_work(user.start, std::min(user.end, made_.stop));
    }
    made_.users = known.size();
    std::int64_t at_work = 0;
    for (const auto& [at, change] : changes) {
      at_work += change;
      made_.most_at_once = std::max(made_.most_at_once, static_cast<std::uint64_t>(at_work));
    }
  }

  void add_work(nanoseconds start, nanoseconds end) {
    if (end <= start) return;
    for (std::size_t bin = bin_of(start); bin < made_.bins.size(); ++bin) {
      const nanoseconds from = static_cast<std::int64_t>(bin) * made_.bin_length;
      if (from >= end) return;
      const nanoseconds inside = std::min(end, from + made_.bin_length) - std::max(start, from);
      made_.bins[bin].users += in_seconds(inside) / in_seconds(made_.bin_length);
    }
  }

  void look_at_sessions() {
    made_.sampled = true;  // how many requests there will be depends on how fast they are answered
    std::set<std::uint64_t> known;
    for (const PlannedUser& user : plan_.users) known.insert(user.user);
    if (known.empty()) return;
    for (std::uint32_t session = 0; made_.looked_at < enough_of_sessions; ++session)
      for (const std::uint64_t user : known) {
        std::uint32_t turn = 0;
        do {
          if (made_.looked_at == preview_request_limit) return;
          look_at({user, session, turn++});
        } while (!last_turn_);
      }
  }

  std::uint64_t cap() const {
    if (const auto* open = std::get_if<OpenArrivals>(&scenario_.load)) return open->max_in_flight;
    if (const auto* trace = std::get_if<TraceReplay>(&scenario_.load)) return trace->max_in_flight;
    return 0;
  }

  const Scenario& scenario_;
  LoadPlan plan_;
  LoadPreview made_;
  Lengths prompts_, answers_;
  bool last_turn_ = true;
};

}  // namespace

LoadPreview preview_load(const Scenario& scenario, const PreviewOptions& options,
                         std::shared_ptr<const Trace> trace) {
  return Preview(scenario, options, trace).make();
}

}  // namespace squall::coordinator
