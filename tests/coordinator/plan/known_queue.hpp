// A target of known capacity on virtual time: servers that take exponential times, first come first
// served, asked by Poisson arrivals or by users who think. Probes of it have the noise that real
// ones have: finite samples, of requests that follow each other.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <queue>
#include <vector>

#include "actors/metrics/percentile.hpp"
#include "coordinator/plan/search/load_probe.hpp"
#include "coordinator/plan/search/load_stability.hpp"
#include "coordinator/plan/search/slo_excess.hpp"
#include "scenarios/load/random.hpp"

namespace squall::tests {

struct KnownQueue {
  unsigned servers = 16;
  double service = 0.5;  // seconds, mean
  double think = 2;      // seconds, mean; of users
  double limit = 0.3;    // seconds of waiting: p95 must stay below
  double warm_up = 10, usual = 120, measure = 120;

  /// Measured for so many times as long.
  KnownQueue stretched(double times) const {
    KnownQueue longer = *this;
    longer.measure = usual * times;
    return longer;
  }

  /// P(an arrival of this rate waits for longer than the limit): Erlang C.
  double late_share(double rate) const {
    const double offered = rate * service, c = servers;
    if (offered >= c) return 1;
    double inverse_b = 1;  // of Erlang B, by its recursion
    for (unsigned k = 1; k <= servers; ++k) inverse_b = 1 + inverse_b * k / offered;
    const double b = 1 / inverse_b;
    const double waits = b / (1 - offered / c * (1 - b));
    return waits * std::exp(-(c / service - rate) * limit);
  }

  /// The same of one of so many users (closed, with exponential thinking): who asks sees the others
  /// as they are in the long run (arrival theorem), and waits an Erlang time.
  double late_share_of_users(unsigned users) const {
    std::vector<double> weights{1};  // of k among users - 1 being served or waiting
    double sum = 1;
    for (unsigned k = 1; k < users; ++k) {
      const double busy = std::min(k, servers);
      weights.push_back(weights.back() * (users - k) * service / (think * busy));
      sum += weights.back();
    }
    double late = 0;
    const double done = limit * servers / service;  // completions expected within the limit
    for (unsigned k = servers; k < users; ++k) {
      double term = std::exp(-done), below = 0;  // P(fewer than k - servers + 1 completions)
      for (unsigned i = 0; i <= k - servers; ++i) {
        below += term;
        term *= done / (i + 1);
      }
      late += weights[k] / sum * below;
    }
    return late;
  }

  double capacity() const {
    double low = 0, high = servers / service;
    for (int i = 0; i < 100; ++i) {
      const double middle = (low + high) / 2;
      (late_share(middle) <= 0.05 ? low : high) = middle;
    }
    return low;
  }

  unsigned capacity_in_users() const {
    unsigned users = 1;
    while (late_share_of_users(users + 1) <= 0.05) ++users;
    return users;
  }
};

/// What a probe measures, request by request.
class QueueProbe {
 public:
  QueueProbe(const KnownQueue& queue, std::uint64_t seed) : queue_(queue), random_(seed, 77) {}

  coordinator::LoadProbe arrivals(double rate) {
    const double end = queue_.warm_up + queue_.measure;
    for (double at = random_.exponential() / rate; at < end; at += random_.exponential() / rate)
      serve(at);
    return probe(rate, true);
  }

  coordinator::LoadProbe users(double count) {
    const double end = queue_.warm_up + queue_.measure;
    std::priority_queue<double, std::vector<double>, std::greater<>> next;
    for (int i = 0; i < static_cast<int>(count); ++i)
      next.push(random_.exponential() * queue_.think);
    while (next.top() < end) {
      const double at = next.top();
      next.pop();
      next.push(serve(at) + random_.exponential() * queue_.think);
    }
    return probe(count, false);
  }

 private:
  static constexpr std::size_t stretches = 12;

  double serve(double at) {
    while (!busy_.empty() && busy_.top() <= at) busy_.pop();
    double begun = at;
    if (busy_.size() == queue_.servers) {
      begun = busy_.top();
      busy_.pop();
    }
    const double ended = begun + random_.exponential() * queue_.service;
    busy_.push(ended);
    spans_.emplace_back(at, ended);
    if (at >= queue_.warm_up) note(at - queue_.warm_up, begun - at > queue_.limit);
    return ended;
  }

  void note(double at, bool late) {
    const auto which = std::min<std::size_t>(
        static_cast<std::size_t>(at / queue_.measure * stretches), stretches - 1);
    samples_[which] += 1;
    late_[which] += late ? 1 : 0;
  }

  coordinator::LoadProbe probe(double load, bool open) const {
    using namespace coordinator;
    JudgedLimit judged;
    judged.threshold = scenarios::parse_threshold("ttft p95 < 300ms");
    std::vector<StretchShare> shares;
    for (std::size_t i = 0; i < stretches; ++i) {
      judged.samples += static_cast<std::uint64_t>(samples_[i]);
      judged.violations += static_cast<std::uint64_t>(late_[i]);
      shares.push_back({samples_[i], samples_[i] > 0 ? late_[i] / samples_[i] : 0});
    }
    judged.inflation = variance_inflation(shares);
    const std::uint64_t needed = actors::samples_to_pass(95, judged.violations);
    judged.status = judged.samples >= needed                                       ? "pass"
                    : actors::surely_failed(95, judged.violations, judged.samples) ? "fail"
                                                                                   : "inconclusive";
    const SloJudgement all = judge_limits({judged});
    LoadProbe result;
    result.load = load;
    result.judgement = all.judgement;
    result.excess = all.excess;
    result.window = queue_.measure;
    result.usual_window = queue_.usual;
    result.answers = judged.samples;
    if (open) {
      result.stability = stability_of(in_flight(), 1);
      if (result.stability.unstable) result.judgement = ProbeJudgement::fail;
    }
    return result;
  }

  std::vector<double> in_flight() const {
    std::vector<double> values(static_cast<std::size_t>(queue_.measure), 0);
    for (const auto& [from, to] : spans_) {
      const double first = std::max(0.0, std::floor(from - queue_.warm_up));
      for (auto second = static_cast<std::size_t>(first); second < values.size(); ++second) {
        const double begin = queue_.warm_up + static_cast<double>(second);
        if (begin >= to) break;
        values[second] += std::max(0.0, std::min(to, begin + 1) - std::max(from, begin));
      }
    }
    return values;
  }

  KnownQueue queue_;
  scenarios::Random random_;
  std::priority_queue<double, std::vector<double>, std::greater<>> busy_;
  std::vector<std::pair<double, double>> spans_;
  double samples_[stretches]{}, late_[stretches]{};
};

}  // namespace squall::tests
