#include "tests/benchmarks/fabric/light_agents.hpp"

#include <cstdio>
#include <deque>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <thread>
#include <unistd.h>
#include <vector>
#include <zmq.h>

#include "actors/journal/batch_hash.hpp"
#include "actors/metrics/metrics_recorder.hpp"
#include "actors/tool_version.hpp"
#include "actors/wire/message_codec.hpp"
#include "scenarios/load/random.hpp"

namespace squall::benchmarks {

namespace {

using namespace actors;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr std::size_t most_unacknowledged = 32;
constexpr int requests_a_report = 2;
constexpr auto look_each = 4ms;
constexpr auto patience = 60s;  // at either end of the load

Instant now() { return Instant(Clock::now().time_since_epoch()); }

/// What a recorder makes of some requests in one interval; `from` and `to` are filled in later.
std::vector<MetricsSnapshot> sample_snapshots(nanoseconds interval) {
  std::vector<MetricsSnapshot> samples;
  scenarios::Random random(5);
  MetricsRecorder recorder(Instant{});
  for (int i = 0; i < 64; ++i) {
    const Instant begin(interval * i);
    for (int k = 0; k < requests_a_report; ++k) {
      RequestTimeline each;
      each.scheduled = begin + interval * k / requests_a_report;
      each.dispatched = each.scheduled + 30us;
      each.admitted = each.dispatched + 200us;
      auto stamp = each.dispatched + 10ms + nanoseconds(random.next() % 5'000'000);
      for (int token = 0; token < 8; ++token) {
        each.content.push_back(stamp);
        stamp += nanoseconds(1'000'000 + static_cast<std::int64_t>(random.next() % 1'000'000));
      }
      each.ended = each.content.back();
      each.output_tokens = 8;
      each.outcome = Completed{};
      recorder.on_scheduled(each.phase);
      recorder.on_issued(each.phase, each.dispatched);
      recorder.on_tokens(8);
      recorder.on_ended(each);
    }
    samples.push_back(recorder.take_snapshot(begin + interval));
  }
  return samples;
}

class LightAgent {
 public:
  LightAgent(void* context, const LightAgents& options, std::size_t number,
             const std::string& public_key, const std::string& secret_key)
      : options_(options), number_(number), socket_(zmq_socket(context, ZMQ_DEALER)) {
    if (socket_ == nullptr) throw std::runtime_error(zmq_strerror(zmq_errno()));
    const int one = 1, linger = 500;
    zmq_setsockopt(socket_, ZMQ_IMMEDIATE, &one, sizeof one);
    zmq_setsockopt(socket_, ZMQ_LINGER, &linger, sizeof linger);
    if (!public_key.empty()) {
      const auto set = [&](int option, const std::string& text) {
        zmq_setsockopt(socket_, option, text.data(), text.size());
      };
      set(ZMQ_CURVE_SERVERKEY, options.coordinator_key);
      set(ZMQ_CURVE_PUBLICKEY, public_key);
      set(ZMQ_CURVE_SECRETKEY, secret_key);
    }
    if (zmq_connect(socket_, options.endpoint.c_str()) != 0)
      throw std::runtime_error(zmq_strerror(zmq_errno()));
  }
  ~LightAgent() { zmq_close(socket_); }
  LightAgent(const LightAgent&) = delete;
  LightAgent& operator=(const LightAgent&) = delete;

  void turn(Instant at, const std::vector<MetricsSnapshot>& samples) {
    hear();
    if (done_) return;
    if (!prepared_)
      repeat(at, 500ms, [&] { say_frame(encode({{}, number_ + 1, AgentMessage(hello())})); });
    else if (!start_)
      repeat(at, 500ms, [&] { say(ready()); });
    else
      drive(at, samples);
  }

  bool done() const { return done_; }
  std::uint64_t batches() const { return batches_; }
  std::uint64_t requests() const { return totals_[1].issued; }
  std::uint64_t resent() const { return resent_; }

 private:
  struct Kept {
    std::uint64_t sequence;
    Bytes frame;
  };

  template <class Action>
  void repeat(Instant at, nanoseconds each, Action action) {
    if (at < next_) return;
    next_ = at + each;
    action();
  }

  void say(AgentMessage message) { say_frame(encode({run_, number_ + 1, std::move(message)})); }
  void say_frame(const Bytes& frame) {
    zmq_send(socket_, frame.data(), frame.size(), ZMQ_DONTWAIT);
  }

  Hello hello() const {
    return {"light-" + std::to_string(number_), std::string(tool_version), "benchmark",
            static_cast<std::uint64_t>(getpid())};
  }
  Ready ready() const {
    Ready made;
    made.planned_requests = 1;
    made.target_kind = "simulated";
    made.target_is_simulated = true;
    return made;
  }

  void hear() {
    zmq_msg_t part;
    zmq_msg_init(&part);
    while (zmq_msg_recv(&part, socket_, ZMQ_DONTWAIT) >= 0) {
      const auto decoded =
          decode({static_cast<const std::byte*>(zmq_msg_data(&part)), zmq_msg_size(&part)},
                 Sender::coordinator);
      if (const auto* envelope = std::get_if<Envelope>(&decoded)) {
        run_ = envelope->run;
        std::visit([this](const auto& each) { take(each); },
                   std::get<CoordinatorMessage>(envelope->message));
      }
    }
    zmq_msg_close(&part);
  }
  void take(const Prepare&) { prepared_ = true; }
  void take(const StartAt& order) { start_ = Instant(nanoseconds(order.instant)); }
  void take(const BatchAcknowledged& answer) { acknowledged(answer.sequence); }
  void take(const LeaseRenewed& answer) { acknowledged(answer.acknowledged_batch); }
  void take(const SealAcknowledged&) { done_ = true; }
  void take(const Rejected& answer) {
    throw std::runtime_error("agent " + std::to_string(number_) + " rejected: " + answer.reason);
  }
  template <class Other>
  void take(const Other&) {}

  void acknowledged(std::uint64_t sequence) {
    while (!unacknowledged_.empty() && unacknowledged_.front().sequence <= sequence)
      unacknowledged_.pop_front();
  }

  void drive(Instant at, const std::vector<MetricsSnapshot>& samples) {
    if (at < *start_) return;
    if (!started_) {
      started_ = true;
      say(Started{at - *start_});
    }
    const auto interval = nanoseconds(static_cast<std::int64_t>(1e9 / options_.reports_per_second));
    // Spread over the interval, as those of real agents are.
    const auto phase =
        interval * static_cast<std::int64_t>(number_) / static_cast<std::int64_t>(options_.all);
    const auto reports = static_cast<std::uint64_t>(options_.length / interval);
    while (batches_ < reports && unacknowledged_.size() < most_unacknowledged &&
           at >= *start_ + phase + interval * static_cast<std::int64_t>(batches_ + 1))
      report(samples, interval);
    repeat(at, 1s, [&] { beat(at); });
    if (batches_ == reports && unacknowledged_.empty()) seal(at);
  }

  void report(const std::vector<MetricsSnapshot>& samples, nanoseconds interval) {
    MetricsBatch batch{batches_ + 1, samples[(batches_ + number_) % samples.size()]};
    batch.snapshot.from = interval * static_cast<std::int64_t>(batches_);
    batch.snapshot.to = batch.snapshot.from + interval;
    for (std::size_t i = 0; i < phase_count; ++i) totals_[i] += batch.snapshot.phases[i].ledger;
    hash_.add(batch);
    ++batches_;
    unacknowledged_.push_back(
        {batch.sequence, encode({run_, number_ + 1, AgentMessage(std::move(batch))})});
    say_frame(unacknowledged_.back().frame);
  }

  void beat(Instant at) {
    Heartbeat heartbeat;
    heartbeat.sent = at.time_since_epoch().count();
    heartbeat.unacknowledged = static_cast<std::uint32_t>(unacknowledged_.size());
    say(heartbeat);
    // What was on its way a second ago already got lost.
    for (const auto& each : unacknowledged_)
      if (each.sequence <= sent_before_) {
        say_frame(each.frame);
        ++resent_;
      }
    sent_before_ = batches_;
  }

  void seal(Instant at) {
    if (at < next_seal_) return;
    next_seal_ = at + 500ms;
    if (at < *start_ + options_.length) return;  // not before the plan is done
    say(Sealed{batches_, totals_, hash_.value(), ""});
  }

  const LightAgents& options_;
  std::size_t number_;
  void* socket_;
  std::string run_;
  bool prepared_ = false, started_ = false, done_ = false;
  std::optional<Instant> start_;
  Instant next_, next_seal_;
  std::deque<Kept> unacknowledged_;
  std::uint64_t batches_ = 0, sent_before_ = 0, resent_ = 0;
  std::array<Ledger, phase_count> totals_{};
  BatchHash hash_;
};

struct Context {
  Context() { zmq_ctx_set(context, ZMQ_MAX_SOCKETS, 20'000); }
  ~Context() { zmq_ctx_term(context); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  void* context = zmq_ctx_new();
};

}  // namespace

int run_light_agents(const LightAgents& options) {
  const auto interval = nanoseconds(static_cast<std::int64_t>(1e9 / options.reports_per_second));
  const auto samples = sample_snapshots(interval);
  std::ifstream pairs(options.pairs);
  Context context;
  std::vector<std::unique_ptr<LightAgent>> agents;
  for (std::size_t i = 0; i < options.first + options.count; ++i) {
    std::string public_key, secret_key;
    if (pairs) pairs >> public_key >> secret_key;
    if (i >= options.first)
      agents.push_back(
          std::make_unique<LightAgent>(context.context, options, i, public_key, secret_key));
  }
  const Instant end = now() + 2 * patience + options.length;
  std::size_t working = agents.size();
  while (working > 0 && now() < end) {
    const Instant turn = now();
    working = 0;
    for (const auto& agent : agents) {
      agent->turn(turn, samples);
      working += agent->done() ? 0 : 1;
    }
    std::this_thread::sleep_until(turn + look_each);
  }
  std::uint64_t batches = 0, requests = 0, resent = 0;
  for (const auto& agent : agents) {
    batches += agent->batches();
    requests += agent->requests();
    resent += agent->resent();
  }
  std::printf("REPORTED %llu %llu %llu %zu\n", static_cast<unsigned long long>(batches),
              static_cast<unsigned long long>(requests), static_cast<unsigned long long>(resent),
              working);
  return working == 0 ? 0 : 1;
}

}  // namespace squall::benchmarks
