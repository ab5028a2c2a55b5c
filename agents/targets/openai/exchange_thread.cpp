#include "agents/targets/openai/exchange_thread.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <set>
#include <thread>
#include <unordered_map>
#include <utility>

#include "agents/broken_pipes.hpp"
#include "agents/thread_priority.hpp"
#include "scenarios/text/printable_text.hpp"

namespace squall::agents {

namespace asio = boost::asio;

namespace {

/// Tokens are counted in bundles: nobody looks more often.
constexpr std::chrono::milliseconds progress_pause{10};
constexpr std::size_t kinds_noted = 32;
constexpr std::size_t read_size = 64 << 10;

}  // namespace

struct ExchangeThread::Impl : ExchangeSurroundings {
  Impl(Options options, TargetEvents wanted);
  ~Impl() override;

  void start(PreparedRequest request);
  void abandon_all(const actors::RequestOutcome& outcome);
  void count_tokens(std::uint64_t tokens) override;
  void report(actors::RequestTimeline timeline) override;
  std::string shown(std::string_view words) const override;
  void note(const std::string& kind, Instant at, const std::string& what) override;
  void tell_progress();

  TargetEvents events;
  ApiKey key;
  ConnectionPool<Connection, Exchange*> connections;
  std::unordered_map<std::uint64_t, std::weak_ptr<Exchange>> open;  // not reported yet
  std::set<std::string> noted;
  std::uint64_t uncounted_tokens = 0;
  asio::io_context io{1};  // its coroutines refer to what stands above
  asio::executor_work_guard<asio::io_context::executor_type> work{io.get_executor()};
  std::unique_ptr<Dialer> dialing;
  std::unique_ptr<asio::steady_timer> progress_timer;
  std::thread thread;
};

ExchangeThread::Impl::Impl(Options options, TargetEvents wanted)
    : events(std::move(wanted)),
      key(std::move(options.key)),
      connections(options.max_connections),
      dialing(std::make_unique<Dialer>(io, std::move(options.dialing))),
      progress_timer(std::make_unique<asio::steady_timer>(io)) {
  context = &io;
  dialer = dialing.get();
  pool = &connections;
  buffer.resize(read_size);
  patience = options.patience;
  stream = options.stream;
  this_host = std::move(options.this_host);
  asio::co_spawn(io, dialer->prepare(), asio::detached);
  thread = std::thread([this] {
    const BrokenPipesIgnored while_it_lasts;
    prefer_prompt_wakeups();
    minimise_timer_slack();
    io.run();
  });
}

/// Sockets and timers must go before the context; its coroutines go with it, and find the rest
/// still there.
ExchangeThread::Impl::~Impl() {
  io.stop();
  thread.join();
  connections.forget_idle();
  dialing.reset();
  progress_timer.reset();
}

void ExchangeThread::Impl::start(PreparedRequest request) {
  const std::uint64_t id = request.timeline.request;
  const auto exchange = std::make_shared<Exchange>(*this, std::move(request));
  open.emplace(id, exchange);
  // The coroutine's frame holds what it was made of, and so the exchange.
  asio::co_spawn(
      io, [exchange] { return exchange->run(); }, asio::detached);
}

void ExchangeThread::Impl::abandon_all(const actors::RequestOutcome& outcome) {
  std::vector<std::shared_ptr<Exchange>> all;
  for (const auto& [id, weak] : open)
    if (auto exchange = weak.lock()) all.push_back(std::move(exchange));
  connections.forget_waiting();  // at once: each for itself would look through the whole queue
  for (const auto& exchange : all) exchange->end(outcome);
}

void ExchangeThread::Impl::count_tokens(std::uint64_t tokens) {
  if (tokens == 0) return;
  const bool first = uncounted_tokens == 0;
  uncounted_tokens += tokens;
  if (!first) return;
  progress_timer->expires_after(progress_pause);
  progress_timer->async_wait([this](boost::system::error_code error) {
    if (!error) tell_progress();
  });
}

void ExchangeThread::Impl::tell_progress() {
  const auto tokens = std::exchange(uncounted_tokens, 0);
  if (tokens > 0 && events.progress) events.progress(tokens);
}

void ExchangeThread::Impl::report(actors::RequestTimeline timeline) {
  open.erase(timeline.request);
  if (open.empty()) tell_progress();  // nobody may be listening later
  if (auto* failed = std::get_if<actors::Failed>(&timeline.outcome))
    failed->reason = key.removed_from(failed->reason);
  if (events.ended) events.ended(std::move(timeline));
}

std::string ExchangeThread::Impl::shown(std::string_view words) const {
  constexpr std::size_t characters = 300;
  return scenarios::on_one_line(key.removed_from(words), characters);
}

void ExchangeThread::Impl::note(const std::string& kind, Instant at, const std::string& what) {
  if (noted.size() >= kinds_noted || !noted.insert(kind).second) return;
  if (events.happened) events.happened(at, what);
}

ExchangeThread::ExchangeThread(Options options, TargetEvents events)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(events))) {}

ExchangeThread::~ExchangeThread() = default;

void ExchangeThread::submit(PreparedRequest request) {
  asio::post(impl_->io, [impl = impl_.get(), request = std::move(request)]() mutable {
    impl->start(std::move(request));
  });
}

void ExchangeThread::abandon(const actors::RequestOutcome& outcome) {
  asio::post(impl_->io, [impl = impl_.get(), outcome] { impl->abandon_all(outcome); });
}

}  // namespace squall::agents
