#include "agents/serve/open_answers.hpp"

#include <cassert>
#include <utility>

namespace squall::agents {

void OpenAnswers::begin(Start start, GenerationRequest request, const Tokenizer& tokenizer) {
  Answer answer{.heading = std::move(start.heading),
                .route = start.route,
                .stream = start.stream,
                .ends_at_end_token = request.stop_at_end_token,
                .instants = {.received = start.received},
                .writer = std::move(start.writer),
                .tokenizer = &tokenizer,
                .text = AnswerText(tokenizer, std::move(start.stops))};
  answer.usage.prompt = request.prompt.size();
  const bool fresh = answers_.emplace(request.id, std::move(answer)).second;
  assert(fresh && "answers have names of their own");
  ++waiting_;
  engine_.submit(std::move(request));
}

void OpenAnswers::on_report(const EngineReport& report) {
  metrics_.load = report.load;
  for (const auto& admitted : report.events.admitted) on_admitted(admitted, report.begun);
  for (const auto& refused : report.events.refused)
    if (const auto answer = answers_.find(refused.id); answer != answers_.end())
      fail(answer, ApiError("the engine cannot take this request: " + refused.reason,
                            {.status = 503, .code = "engine_refused"}));
  for (const auto& token : report.events.tokens) on_token(token, report.at);
  if (!report.failure.empty())
    fail_all(ApiError("the engine failed: " + report.failure, {.status = 500}));
}

void OpenAnswers::on_admitted(const StepEvents::Admitted& admitted, Instant at) {
  const auto found = answers_.find(admitted.id);
  if (found == answers_.end() || found->second.admitted) return;
  Answer& answer = found->second;
  answer.admitted = true;
  answer.instants.admitted = at;
  answer.usage.reused = admitted.reused_tokens;
  --waiting_;
  metrics_.prompt_tokens += answer.usage.prompt;
  metrics_.reused_tokens += admitted.reused_tokens;
  // From here on the client knows that it is served, however long the prompt takes.
  if (answer.stream) answer.writer->begin_stream("text/event-stream; charset=utf-8");
}

/// A token may come after its answer has ended here: the engine had begun the step before.
void OpenAnswers::on_token(const StepEvents::Token& token, Instant at) {
  const auto found = answers_.find(token.id);
  if (found == answers_.end()) return;
  Answer& answer = found->second;
  assert(answer.admitted);
  stamp_token(answer, at);
  show(answer, answer.text.add(token.token));
  if (answer.text.stopped()) {
    if (!token.last) engine_.cancel(token.id);
    finish(found, "stop");
  } else if (token.last) {
    show(answer, answer.text.finish());
    const bool ended = answer.text.stopped() ||
                       (answer.ends_at_end_token && answer.tokenizer->ends_answer(token.token));
    finish(found, ended ? "stop" : "length");
  }
}

void OpenAnswers::stamp_token(Answer& answer, Instant at) {
  ++metrics_.generated_tokens;
  if (++answer.usage.answer > 1) {
    metrics_.inter_token.record(at - answer.instants.latest);
  } else {
    answer.instants.first = at;
    metrics_.first_token.record(at - answer.instants.received);
    if (answer.stream && answer.heading.chat) answer.writer->send(role_event(answer.heading));
  }
  answer.instants.latest = at;
}

void OpenAnswers::show(Answer& answer, std::string_view text) {
  if (text.empty()) return;
  if (answer.stream) {
    answer.writer->send(text_event(answer.heading, text, answer.instants.latest));
  } else {
    answer.whole += text;
  }
}

void OpenAnswers::finish(Answers::iterator found, std::string_view reason) {
  Answer& answer = found->second;
  metrics_.whole_answer.record(answer.instants.latest - answer.instants.received);
  if (answer.stream) {
    std::string end = finish_event(answer.heading, reason);
    if (answer.heading.include_usage)
      end += usage_event(answer.heading, answer.usage, answer.instants);
    answer.writer->send(end.append(done_event));
    answer.writer->end_stream();
  } else {
    answer.writer->reply({.body = answer_json(answer.heading, answer.whole, reason, answer.usage)});
  }
  forget(found, 200);
}

/// After a stream has begun its status cannot be mended: an event tells.
void OpenAnswers::fail(Answers::iterator found, const ApiError& error) {
  Answer& answer = found->second;
  if (answer.stream && answer.admitted) {
    answer.writer->send(error_event(error));
    answer.writer->end_stream();
  } else {
    answer.writer->reply(error_reply(error));
  }
  forget(found, error.details.status);
}

void OpenAnswers::fail_all(const ApiError& error) {
  while (!answers_.empty()) {
    engine_.cancel(answers_.begin()->first);
    fail(answers_.begin(), error);
  }
}

void OpenAnswers::abandon(std::uint64_t id) {
  const auto found = answers_.find(id);
  if (found == answers_.end()) return;
  engine_.cancel(id);
  forget(found, 499);
}

void OpenAnswers::forget(Answers::iterator answer, unsigned status) {
  if (!answer->second.admitted) --waiting_;
  metrics_.count_request(answer->second.route, status);
  answers_.erase(answer);
}

}  // namespace squall::agents
