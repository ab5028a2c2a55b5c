// The engine's own thread: it answers, it forgets, and it sleeps when there is nothing to do.

#include "agents/serve/engine_worker.hpp"

#include <boost/test/unit_test.hpp>
#include <fstream>
#include <thread>
#include <unistd.h>

#include "agents/engine/model/model.hpp"
#include "kernels/backend_selection.hpp"

using namespace squall::agents;
using namespace std::chrono_literals;

namespace {

std::unique_ptr<InferenceEngine> small_engine() {
  return std::make_unique<InferenceEngine>(load_model("synthetic:llama-15m/q8_0"),
                                           squall::kernels::make_cpu_backend(1),
                                           EngineOptions{.max_batch = 4});
}

/// What the worker reported, to wait for.
class Reports {
 public:
  EngineWorker::Deliver keeper() {
    return [this](EngineReport report) {
      const std::lock_guard lock(mutex_);
      for (const auto& token : report.events.tokens) {
        ++tokens_[token.id];
        if (token.last) ended_.insert(token.id);
      }
      load_ = report.load;
      ++count_;
      changed_.notify_all();
    };
  }
  template <typename Condition>
  bool wait(Condition condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 60s, [&] { return condition(*this); });
  }
  std::size_t tokens(std::uint64_t id) { return tokens_[id]; }
  bool ended(std::uint64_t id) { return ended_.count(id) > 0; }
  const EngineLoad& load() const { return load_; }
  std::size_t count() {
    const std::lock_guard lock(mutex_);
    return count_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::unordered_map<std::uint64_t, std::size_t> tokens_;
  std::unordered_set<std::uint64_t> ended_;
  EngineLoad load_;
  std::size_t count_ = 0;
};

GenerationRequest request(std::uint64_t id, std::uint32_t max_tokens) {
  return {.id = id, .prompt = {1, 5, 6}, .max_tokens = max_tokens, .stop_at_end_token = false};
}

}  // namespace

BOOST_AUTO_TEST_CASE(requests_from_other_threads_are_answered) {
  Reports reports;
  EngineWorker worker(small_engine());
  worker.start(reports.keeper());
  std::vector<std::thread> clients;
  for (std::uint64_t id = 1; id <= 4; ++id)
    clients.emplace_back([&worker, id] { worker.submit(request(id, 5)); });
  for (auto& client : clients) client.join();
  for (std::uint64_t id = 1; id <= 4; ++id) {
    BOOST_TEST(reports.wait([id](Reports& told) { return told.ended(id); }));
    BOOST_TEST(reports.wait([id](Reports& told) { return told.tokens(id) == 5; }));
  }
}

BOOST_AUTO_TEST_CASE(a_cancelled_request_leaves_the_engine) {
  Reports reports;
  EngineWorker worker(small_engine());
  worker.start(reports.keeper());
  worker.submit(request(1, 900));
  BOOST_TEST(reports.wait([](Reports& told) { return told.tokens(1) >= 2; }));
  worker.cancel(1);
  BOOST_TEST(reports.wait([](Reports& told) { return told.load().running == 0; }));
  BOOST_TEST(reports.wait([](Reports& told) { return !told.ended(1); }));
  worker.cancel(77);  // never was: nothing to forget
  worker.submit(request(2, 3));
  BOOST_TEST(reports.wait([](Reports& told) { return told.ended(2); }));
}

BOOST_AUTO_TEST_CASE(an_idle_worker_reports_nothing_and_ends_when_told) {
  Reports reports;
  EngineWorker worker(small_engine());
  worker.start(reports.keeper());
  worker.submit(request(1, 2));
  BOOST_TEST(reports.wait([](Reports& told) { return told.ended(1); }));
  const std::size_t before = reports.count();
  std::this_thread::sleep_for(200ms);
  BOOST_TEST(reports.count() == before);
  worker.submit(request(2, 900));
  worker.stop();
}
