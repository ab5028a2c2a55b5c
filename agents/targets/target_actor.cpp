#include "agents/targets/target_actor.hpp"

#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <cassert>
#include <exception>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "scenarios/schema/target_kind.hpp"

namespace squall::agents {

using namespace actors;

/// Where the target's threads report. Remembers who asked. Thread-safe.
class TargetReports {
 public:
  explicit TargetReports(RecorderActor recorder) : recorder_(std::move(recorder)) {}

  /// Whose engine_cpu() is told with progress; none before it is made and when it is let go.
  void watch(const Target* target) {
    const std::lock_guard lock(mutex_);
    target_ = target;
  }
  void expect(std::uint64_t request, UsersActor asker) {
    const std::lock_guard lock(mutex_);
    askers_.emplace(request, std::move(asker));
  }

  void on_ended(RequestTimeline timeline) {
    std::unique_lock lock(mutex_);
    auto asker = askers_.extract(timeline.request);
    lock.unlock();
    assert(!asker.empty() && "a request ends once, after it was submitted");
    caf::anon_send(asker.mapped(), RequestEnded{std::move(timeline)});
  }
  void on_progress(std::uint64_t tokens) {
    nanoseconds engine_cpu{0};
    {
      const std::lock_guard lock(mutex_);
      if (target_ != nullptr) engine_cpu = target_->engine_cpu();
    }
    caf::anon_send(recorder_, TargetProgress{tokens, engine_cpu});
  }
  void on_happened(Instant at, std::string what) {
    caf::anon_send(recorder_, TargetHappened{at, std::move(what)});
  }

 private:
  RecorderActor recorder_;
  std::mutex mutex_;  // guards what follows
  const Target* target_ = nullptr;
  std::unordered_map<std::uint64_t, UsersActor> askers_;  // of open requests
};

TargetState::~TargetState() {
  if (preparing.joinable()) preparing.join();
  if (reports) reports->watch(nullptr);
  target.reset();
}

namespace {

using Self = TargetActor::stateful_pointer<TargetState>;

TargetEvents events_to(const std::shared_ptr<TargetReports>& reports) {
  return {.ended = [reports](RequestTimeline ended) { reports->on_ended(std::move(ended)); },
          .progress = [reports](std::uint64_t tokens) { reports->on_progress(tokens); },
          .happened = [reports](Instant at,
                                std::string what) { reports->on_happened(at, std::move(what)); }};
}

TargetReady ready(const TargetDescription& target) {
  TargetReady ready;
  ready.kind = name_of(target.kind);
  ready.simulated = target.simulated;
  ready.origin = target.origin;
  ready.model_name = target.model_name;
  ready.model_fingerprint = target.model_fingerprint;
  ready.model_is_synthetic = target.model_is_synthetic;
  ready.instruction_set = target.instruction_set;
  ready.threads = target.threads;
  ready.load_time = target.load_time;
  ready.model_choice = target.model_choice;
  ready.model_origin = target.model_origin;
  ready.token_counts = target.token_counts;
  ready.warnings = target.warnings;
  ready.model_facts = target.model_facts;
  return ready;
}

}  // namespace

TargetActor::behavior_type target_actor(Self self, AgentActor agent, RecorderActor recorder,
                                        std::size_t agents_here, DownloadContext downloads,
                                        std::function<kernels::GpuSearch()> find_gpus) {
  self->state.reports = std::make_shared<TargetReports>(std::move(recorder));
  return {
      [self, agent, agents_here, downloads, find_gpus](const PrepareTarget& order) {
        TargetState& state = self->state;  // outlives the thread, which it joins
        if (state.preparing.joinable()) return;
        state.preparing = std::thread([&state, agent, agents_here, downloads, find_gpus, order] {
          try {
            state.target =
                make_target(*order.scenario, {order.folder, order.share, agents_here, find_gpus},
                            events_to(state.reports), downloads);
            state.reports->watch(state.target.get());
            caf::anon_send(agent, ready(state.target->description()));
          } catch (const TargetError& error) {
            caf::anon_send(agent, TargetFailed{error.what(), true});
          } catch (const std::exception& error) {
            caf::anon_send(agent, TargetFailed{error.what(), false});
          }
        });
      },
      [self](const BeginTarget& order) { self->state.target->begin(order.start); },
      [self](Submit& order) {
        self->state.reports->expect(order.request.id, std::move(order.users));
        self->state.target->submit(std::move(order.request));
      },
      [self](const AbandonOpen& order) { self->state.target->abandon(order.outcome); },
  };
}

}  // namespace squall::agents
