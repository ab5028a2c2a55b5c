// Many threads ask, answer and abandon at once: every request still ends exactly once.

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <thread>

#include "agents/targets/resilience/target_stack.hpp"
#include "scenarios/load/random.hpp"
#include "tests/agents/resilience/manual_target.hpp"

using namespace squall;
using namespace squall::actors;
using namespace squall::agents;
using namespace squall::tests;
using namespace std::chrono_literals;

namespace {

/// Answers, fails and refuses by a seeded draw, from threads of its own and from inside submit().
class RestlessTarget final : public Target {
 public:
  RestlessTarget(std::uint64_t seed, TargetEvents events)
      : inner_(std::make_shared<ManualTarget::Seen>(), std::move(events)) {
    for (std::uint64_t i = 0; i < 2; ++i)
      threads_.emplace_back([this, random = scenarios::Random(seed, i)]() mutable {
        while (!ending_) {
          if (!answer(random)) std::this_thread::sleep_for(50us);
        }
      });
  }
  ~RestlessTarget() override {
    ending_ = true;
    for (auto& thread : threads_) thread.join();
  }
  const TargetDescription& description() const override { return inner_.description(); }
  void submit(LoadRequest request) override {
    const bool at_once = request.id % 7 == 0;
    inner_.submit(std::move(request));
    if (at_once) inner_.end_oldest(Failed{"refused", true});
  }
  void abandon(const RequestOutcome& outcome) override { inner_.abandon(outcome); }

 private:
  bool answer(scenarios::Random& random) {
    switch (random.next() % 5) {
      case 0:
        return inner_.end_oldest(Completed{}, "answer");
      case 1:
        return inner_.end_oldest(Failed{"HTTP 503", true});
      case 2:
        return inner_.end_oldest(Failed{"reset", true}, "half");
      case 3:
        return inner_.end_oldest(Failed{"HTTP 400"});
      default:
        return inner_.end_oldest(TimedOut{});
    }
  }

  ManualTarget inner_;
  std::atomic<bool> ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace

BOOST_AUTO_TEST_CASE(every_request_ends_exactly_once_whatever_happens_at_the_same_time) {
  constexpr std::uint64_t askers = 3, each = 700;
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    scenarios::TargetSettings settings;
    settings.retries = {.attempts = 4, .first_pause = 200us, .longest_pause = 1ms};
    if (seed % 2 == 0) settings.breaker = {.failures = 20, .open_for = 1ms, .probes = 2};
    if (seed > 2) settings.cache = {.time_to_live = 5ms, .bytes = 20'000};
    Heard heard;
    const auto target = make_target_stack(settings, heard.events(), [seed](TargetEvents events) {
      return std::make_unique<RestlessTarget>(seed, std::move(events));
    });
    std::vector<std::thread> threads;
    for (std::uint64_t asker = 0; asker < askers; ++asker)
      threads.emplace_back([&, asker] {
        for (std::uint64_t i = 0; i < each; ++i) {
          LoadRequest request;
          request.id = asker * each + i;
          request.scheduled = now();
          request.deadline = now() + 1h;
          request.plan.sampling_seed = request.id;
          request.prompt.parts = {{scenarios::Speaker::user, std::to_string(i % 50)}};
          target->submit(std::move(request));
        }
      });
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) {
        target->abandon(Cancelled{});
        std::this_thread::sleep_for(500us);
      }
    });
    for (auto& thread : threads) thread.join();
    target->abandon(OpenAtEnd{});
    BOOST_REQUIRE(heard.wait_for_ended(askers * each));
    std::this_thread::sleep_for(5ms);  // longer than any pause: what comes twice comes by now
    const std::lock_guard lock(heard.mutex);
    std::vector<int> times(askers * each);
    for (const auto& timeline : heard.ended) {
      ++times[timeline.request];
      BOOST_TEST((timeline.ended >= timeline.dispatched && timeline.dispatched != Instant{}));
      BOOST_TEST((timeline.attempts >= 1 && timeline.attempts <= settings.retries.attempts));
    }
    BOOST_TEST((times == std::vector<int>(askers * each, 1)));
  }
}
