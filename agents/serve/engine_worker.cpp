#include "agents/serve/engine_worker.hpp"

#include <cassert>
#include <exception>
#include <utility>

namespace squall::agents {

EngineWorker::EngineWorker(std::unique_ptr<InferenceEngine> engine) : engine_(std::move(engine)) {}

EngineWorker::~EngineWorker() { stop(); }

void EngineWorker::start(Deliver deliver) {
  assert(!thread_.joinable());
  deliver_ = std::move(deliver);
  thread_ = std::thread([this] { run(); });
}

void EngineWorker::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void EngineWorker::submit(GenerationRequest request) {
  {
    const std::lock_guard lock(mutex_);
    orders_.submissions.push_back(std::move(request));
  }
  wake_.notify_one();
}

void EngineWorker::cancel(std::uint64_t id) {
  {
    const std::lock_guard lock(mutex_);
    orders_.cancellations.push_back(id);
  }
  wake_.notify_one();
}

/// Waits for orders if there is nothing else to do; false: the thread ends.
bool EngineWorker::take_orders(Orders& orders) {
  std::unique_lock lock(mutex_);
  if (open_.empty()) wake_.wait(lock, [this] { return stopping_ || !orders_.empty(); });
  orders = std::exchange(orders_, {});
  return !stopping_;
}

void EngineWorker::obey(Orders& orders) {
  for (GenerationRequest& request : orders.submissions) {
    open_.insert(request.id);
    engine_->submit(std::move(request));
  }
  // After the submissions: a request may be cancelled before it was ever seen here.
  for (const std::uint64_t id : orders.cancellations) {
    engine_->cancel(id);
    open_.erase(id);
  }
}

EngineReport EngineWorker::step(Orders& orders) {
  EngineReport report;
  report.begun = std::chrono::steady_clock::now();
  try {
    obey(orders);
    if (!engine_->idle()) report.events = engine_->step();
  } catch (const std::exception& error) {
    report.failure = error.what();
    forget_all();
  }
  report.at = std::chrono::steady_clock::now();
  report.load = engine_->load();
  for (const auto& refused : report.events.refused) open_.erase(refused.id);
  for (const auto& token : report.events.tokens)
    if (token.last) open_.erase(token.id);
  return report;
}

void EngineWorker::forget_all() {
  for (const std::uint64_t id : open_) engine_->cancel(id);
  open_.clear();
}

void EngineWorker::run() {
  const auto now = std::chrono::steady_clock::now();
  deliver_({.begun = now, .at = now, .load = engine_->load()});
  for (Orders orders; take_orders(orders);) deliver_(step(orders));
  forget_all();
}

}  // namespace squall::agents
