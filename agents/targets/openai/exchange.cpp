#include "agents/targets/openai/exchange.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <utility>

namespace squall::agents {

namespace asio = boost::asio;
using actors::Failed;
using actors::RequestOutcome;
using actors::TimedOut;
using std::chrono::milliseconds;

namespace {

/// After the answer is complete, for the few bytes that end it on the wire.
constexpr milliseconds linger_time{250};
constexpr std::uint32_t stamps_reserved = 4096;

Failed closed_without_answer(const IoResult& result) {
  const bool broken = result.state == IoResult::State::failed;
  return {broken ? result.failure : "closed without an answer", true};
}

Instant now() { return std::chrono::steady_clock::now(); }

}  // namespace

Exchange::Exchange(ExchangeSurroundings& around, PreparedRequest request)
    : around_(around),
      request_(std::move(request)),
      timer_(*around.context),
      wake_(*around.context),
      reader_({}) {}

asio::awaitable<void> Exchange::run() {
  arm_timer();
  co_await await_turn();
  if (!grant_) co_return;  // it ended before its turn
  try {
    if (!reported_) {
      co_await use_connection();
    } else {
      connection_ = std::move(grant_->connection);
      reusable_ = connection_ != nullptr;
    }
  } catch (const std::exception&) {  // no memory
    end(Failed{"internal error"});
  }
  timer_.cancel();
  auto reusable = reusable_ && !connection_->aborted() ? std::move(connection_) : nullptr;
  if (connection_) connection_->abort();
  if (auto next = around_.pool->give_back(std::move(reusable)))
    next->asker->take_turn(std::move(next->grant));
}

asio::awaitable<void> Exchange::await_turn() {
  if (reported_) co_return;
  grant_ = around_.pool->ask(this, [](const Connection& idle) { return idle.is_quiet(); });
  while (!grant_ && !reported_) {
    wake_.expires_at(asio::steady_timer::time_point::max());
    co_await wake_.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

void Exchange::take_turn(Grant grant) {
  grant_ = std::move(grant);
  wake_.cancel();
}

/// A server may close an idle connection at the moment that it is used again: then a new one is
/// tried, once, and that is nobody's failure.
asio::awaitable<void> Exchange::use_connection() {
  request_.timeline.dispatched = now();
  connection_ = std::move(grant_->connection);
  const bool reused = connection_ != nullptr;
  Trouble trouble;
  if (!reused) trouble = co_await open_connection();
  at_ = At::talking;
  arm_timer();
  if (!trouble && !reported_) trouble = co_await converse();
  if (trouble && reused && !heard_ && !reported_) {
    connection_->abort();
    trouble = co_await open_connection();
    at_ = At::talking;
    arm_timer();
    if (!trouble && !reported_) trouble = co_await converse();
  }
  conclude(trouble, now());
}

asio::awaitable<Trouble> Exchange::open_connection() {
  at_ = At::connecting;
  connecting_since_ = now();
  connection_ = around_.dialer->new_connection();
  arm_timer();
  return around_.dialer->dial(connection_);
}

/// Trouble is told only where it has not been reported.
asio::awaitable<Trouble> Exchange::converse() {
  parser_ = {};
  events_ = {};
  reader_ = AnswerReader({request_.keep_answer, around_.this_host});
  reader_.reserve(std::min(request_.expected_tokens, stamps_reserved));
  Trouble trouble = co_await write_request();
  while (!finished_) {
    if (!trouble || heard_) co_await connection_->wait(IoResult::State::wait_read);
    if (connection_->aborted()) co_return std::nullopt;
    const IoResult result = connection_->read_some(around_.buffer);
    const Instant at = now();
    if (result.state == IoResult::State::done) {
      heard_ = true;
      take_bytes({around_.buffer.data(), result.count}, at);
    } else if (result.state == IoResult::State::wait_write) {
      co_await connection_->wait(result.state);
    } else if (result.state != IoResult::State::wait_read) {
      if (!heard_ && !trouble) co_return closed_without_answer(result);
      if (!heard_) co_return trouble;
      take_close(result, at);
    } else if (trouble && !heard_) {
      co_return trouble;
    }
  }
  co_return std::nullopt;
}

/// A server that refuses before it has read all may have said why: trouble does not end the
/// exchange, but is told if there is nothing to read.
asio::awaitable<Trouble> Exchange::write_request() {
  std::string_view rest = request_.bytes;
  while (!rest.empty()) {
    const IoResult result = connection_->write_some(rest);
    if (result.state == IoResult::State::failed) co_return Failed{result.failure, true};
    if (result.state == IoResult::State::closed) co_return Failed{"connection reset", true};
    rest.remove_prefix(result.count);
    if (result.state != IoResult::State::done) co_await connection_->wait(result.state);
    if (connection_->aborted()) co_return std::nullopt;
  }
  request_.timeline.sent = now();
  co_return std::nullopt;
}

void Exchange::take_close(const IoResult& result, Instant at) {
  finished_ = true;
  if (result.state == IoResult::State::closed && parser_.closed() == ResponseParser::Step::end)
    return take_end(at);
  if (refusal_) return conclude(refusal_, at);
  const bool reset = result.state == IoResult::State::failed;
  conclude(Failed{reset ? result.failure : "answer ended early", true}, at);
}

/// None: the answer is complete.
void Exchange::conclude(const Trouble& trouble, Instant at) {
  if (trouble) {
    report(*trouble, at);
    finished_ = true;
  } else {
    report(actors::Completed{}, at);
  }
}

void Exchange::report(RequestOutcome outcome, Instant at) {
  if (std::exchange(reported_, true)) return;
  actors::RequestTimeline& timeline = request_.timeline;
  const auto chunks = reader_.content_chunks();
  reader_.move_into(timeline);
  if (timeline.output_tokens > chunks) around_.count_tokens(timeline.output_tokens - chunks);
  timeline.ended = at;
  if (timeline.dispatched == Instant{}) timeline.dispatched = at;
  timeline.outcome = std::move(outcome);
  linger_until_ = at + linger_time;
  around_.report(std::move(timeline));
  arm_timer();
}

void Exchange::end(const RequestOutcome& outcome) {
  report(outcome, now());
  finished_ = true;
  reusable_ = false;
  if (connection_) connection_->abort();
  if (grant_) return;
  around_.pool->leave(this);
  wake_.cancel();
}

/// When patience ends, as things are.
Instant Exchange::limit() const {
  if (reported_) return linger_until_;
  const auto& patience = around_.patience;
  Instant limit = request_.deadline;
  const auto within = [&limit](Instant from, std::chrono::nanoseconds time) {
    if (time.count() > 0) limit = std::min(limit, from + time);
  };
  if (at_ == At::waiting) return limit;
  if (at_ == At::connecting) within(connecting_since_, patience.connect);
  if (refusal_) limit = std::min(limit, refusal_until_);
  if (reader_.content_chunks() == 0) {
    within(request_.timeline.dispatched, patience.first_token);
  } else {
    within(last_content_, patience.token_gap);
  }
  return limit;
}

/// Whenever the limit may have come nearer. When it has moved away, the timer finds out by itself:
/// a chunk costs no timer.
void Exchange::arm_timer() {
  timer_.expires_at(std::chrono::time_point_cast<asio::steady_timer::duration>(limit()));
  timer_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
    const auto self = weak.lock();
    if (error || self == nullptr) return;
    const Instant at = now();
    if (at < self->limit()) return self->arm_timer();
    self->take_time_out(at);
  });
}

void Exchange::take_time_out(Instant at) {
  if (reported_) {
    if (connection_) connection_->abort();
    return;
  }
  if (refusal_) return end(*refusal_);
  const auto seconds = [](std::chrono::nanoseconds time) {
    std::string text = std::to_string(std::chrono::duration<double>(time).count());
    text.erase(text.find_last_not_of('0') + 1);
    if (text.ends_with('.')) text.pop_back();
    return text + " s";
  };
  const auto& patience = around_.patience;
  if (at >= request_.deadline) {
    end(TimedOut{});
  } else if (at_ == At::connecting && patience.connect.count() > 0 &&
             at >= connecting_since_ + patience.connect) {
    end(Failed{"no connection within " + seconds(patience.connect), true});
  } else if (reader_.content_chunks() == 0) {
    around_.note("first token", at, "no first token within " + seconds(patience.first_token));
    end(TimedOut{});
  } else {
    around_.note("gap", at, "no next token within " + seconds(patience.token_gap));
    end(TimedOut{});
  }
}

}  // namespace squall::agents
