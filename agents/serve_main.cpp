// squall-serve: the engine behind an OpenAI-compatible HTTP API.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "actors/boot_id.hpp"
#include "actors/tool_version.hpp"
#include "agents/device_options.hpp"
#include "agents/engine/devices/device_building.hpp"
#include "agents/engine/devices/gpu_surroundings.hpp"
#include "agents/engine/inference_engine.hpp"
#include "agents/engine/model/model.hpp"
#include "agents/engine/model/tokenizer/chat_template.hpp"
#include "agents/models/model_choice.hpp"
#include "agents/open_files.hpp"
#include "agents/serve/api_service.hpp"
#include "agents/serve/engine_worker.hpp"
#include "agents/serve/http_server.hpp"
#include "kernels/backend_selection.hpp"

namespace {

using namespace squall;
using namespace squall::agents;
using std::chrono::milliseconds;

constexpr const char* description =
    R"(Serves a model over HTTP, as OpenAI's API does: /v1/models, /v1/completions,
/v1/chat/completions (streaming and not), and /health and /metrics.

  squall serve model.gguf
  squall serve synthetic:llama-135m/q8_0 --listen 127.0.0.1:0
  squall serve model.gguf --listen 0.0.0.0:8080 --api-key-file key.txt
  squall serve model.gguf --device hybrid --gpu-memory 4096MiB

  curl http://127.0.0.1:8080/v1/completions -H 'Content-Type: application/json' \
       -d '{"prompt": "Once upon a time", "max_tokens": 32, "stream": true}')";

constexpr const char* footer = R"(
SIGTERM or Ctrl-C drains: /health says 503, new requests are refused, running ones are finished;
a second signal ends at once.

Exit codes: 0 ended by a signal, 1 internal error, 2 usage, model or address error,
130 ended by a second signal.

Environment: SQUALL_SERVE_API_KEY (the key that clients must send), SQUALL_MODELS (folder of
models), SQUALL_INSTRUCTION_SET (force the CPU's kernels: avx512_vnni, avx2, reference),
SQUALL_GPU_MODULES (more GPU modules, paths separated by ':').)";

/// What the user can mend; the message says how.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Options {
  std::string model;
  std::string listen = "127.0.0.1:8080";
  std::string model_name;
  std::string chat_template;
  std::size_t threads = std::max(1U, std::thread::hardware_concurrency());
  DeviceWishes device;
  EngineOptions engine;
  std::size_t context = 0;
  std::uint32_t max_tokens_limit = 0;
  std::size_t max_waiting = 256;
  std::uint64_t seed = 0;
  std::string api_key_file;
  ServerLimits http;
  milliseconds drain_timeout{30000};
};

/// Durations as "500ms", "30s", "2min"; sizes as "64KiB", "1GiB", "1GB".
void add_duration(CLI::App& app, const std::string& name, milliseconds& duration,
                  const std::string& meaning) {
  const std::map<std::string, std::uint64_t> units{{"ms", 1}, {"s", 1000}, {"min", 60000}};
  app.add_option_function<std::uint64_t>(
         name, [&duration](std::uint64_t value) { duration = milliseconds(value); },
         meaning + " [" + std::to_string(duration.count() / 1000) + "s]")
      ->transform(CLI::AsNumberWithUnit(units, CLI::AsNumberWithUnit::UNIT_REQUIRED, "TIME"));
}

void add_engine_options(CLI::App& app, Options& options) {
  const std::map<std::string, kernels::KvFormat> kv_formats{{"f32", kernels::KvFormat::f32},
                                                            {"f16", kernels::KvFormat::f16},
                                                            {"q8_0", kernels::KvFormat::q8_0}};
  app.add_option("--threads", options.threads, "threads that compute [all cores]")
      ->check(CLI::Range(1, 1024));
  add_device_options(app, options.device);
  app.add_option("--max-batch", options.engine.max_batch, "requests computed at the same time")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  app.add_option("--kv-format", options.engine.kv_format,
                 "how keys and values are kept: f32, f16, q8_0 [f16]")
      ->transform(CLI::CheckedTransformer(kv_formats).description("FORMAT"));
  app.add_option("--kv-memory", options.engine.kv_bytes,
                 "memory for keys and values, as 1GiB [a share of what is free]")
      ->transform(CLI::AsSizeValue(true));
  app.add_option("--context", options.context,
                 "tokens of prompt and answer together, at most [the model's]");
  app.add_option("--seed", options.seed, "of the answers to requests that bring no seed")
      ->capture_default_str();
}

void add_limits(CLI::App& app, Options& options) {
  app.add_option("--max-tokens-limit", options.max_tokens_limit,
                 "tokens of one answer, at most [what the context leaves]");
  app.add_option("--max-waiting", options.max_waiting,
                 "requests that wait for the engine, at most; others get status 429")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  app.add_option("--max-connections", options.http.connections, "others get status 503")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  app.add_option("--max-body", options.http.body_bytes, "bytes of a request's body, as 1MiB [1MiB]")
      ->transform(CLI::AsSizeValue(true));
  add_duration(app, "--header-timeout", options.http.header_timeout,
               "for a request's header to arrive, from its first byte");
  add_duration(app, "--body-timeout", options.http.body_timeout,
               "for a request's body to arrive, from the end of its header");
  add_duration(app, "--idle-timeout", options.http.idle_timeout,
               "for the next request on a connection");
  add_duration(app, "--write-timeout", options.http.write_timeout,
               "for a client to read what it was sent");
  add_duration(app, "--drain-timeout", options.drain_timeout,
               "for running requests to be finished after SIGTERM");
}

void add_options(CLI::App& app, Options& options) {
  app.set_version_flag("--version", "squall-serve " + std::string(actors::tool_version));
  app.footer(footer);
  app.add_option("MODEL", options.model,
                 "a .gguf file, the name of one in $SQUALL_MODELS, or synthetic:SHAPE/FORMAT")
      ->required();
  app.add_option("--listen", options.listen,
                 "HOST:PORT; port 0 picks a free one. Other hosts than loopback let other "
                 "machines in: set a key")
      ->capture_default_str();
  app.add_option("--model-name", options.model_name, "what clients call the model [its own name]");
  app.add_option("--chat-template", options.chat_template,
                 "form of conversations: chatml, llama2, llama3, zephyr [the model's]");
  app.add_option("--api-key-file", options.api_key_file,
                 "file with the key that clients must send: \"Authorization: Bearer KEY\"");
  add_engine_options(app, options);
  add_limits(app, options);
}

/// Empty: none is asked for.
std::string api_key(const std::string& file_name) {
  if (file_name.empty()) {
    const char* key = std::getenv("SQUALL_SERVE_API_KEY");
    if (key != nullptr && *key == '\0') {
      throw UsageError("SQUALL_SERVE_API_KEY is set but empty; unset it to serve without a key");
    }
    return key != nullptr ? key : "";
  }
  std::ifstream file(file_name);
  std::string key;
  if (!std::getline(file, key))
    throw UsageError("cannot read a key from '" + file_name + "'; write one as its first line");
  while (!key.empty() && (key.back() == '\r' || key.back() == ' ')) key.pop_back();
  if (key.empty()) throw UsageError("the first line of '" + file_name + "' is empty: no key");
  return key;
}

std::size_t served_context(const Options& options, const Model& model) {
  const std::size_t most = model.shape.context;
  if (options.context == 0) return most;
  if (options.context >= 2 && options.context <= most) return options.context;
  throw UsageError("--context " + std::to_string(options.context) + " cannot be had: model " +
                   model.name + " takes 2 to " + std::to_string(most) + " tokens");
}

/// Empty where no template is asked for and the model brings none that is known: such a model
/// answers no chats. A synthetic one has no habits, so that any form will do.
ChatEncoder chat_encoder(const std::string& wanted, const std::shared_ptr<const Model>& model) {
  auto form =
      wanted.empty() ? recognise_chat_template(model->chat_template) : chat_template_named(wanted);
  if (!wanted.empty() && !form)
    throw UsageError("--chat-template '" + wanted +
                     "' is not known; choose chatml, llama2, llama3 or zephyr");
  if (!form && model->synthetic) form = ChatTemplate::chatml;
  if (!form) return {};
  return [model, form = *form](std::span<const ChatMessage> messages) {
    return encode_chat(*model->tokenizer, form, messages);
  };
}

ServiceOptions service_options(const Options& options, const std::shared_ptr<const Model>& model) {
  const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  return {.model_name = options.model_name.empty() ? model->name : options.model_name,
          .context = served_context(options, *model),
          .max_tokens_limit = options.max_tokens_limit,
          .max_waiting = options.max_waiting,
          .api_key = api_key(options.api_key_file),
          .seed = options.seed,
          .started_unix = std::chrono::duration_cast<std::chrono::seconds>(since_1970).count(),
          .boot = actors::boot_id(),
          .encode_chat = chat_encoder(options.chat_template, model)};
}

/// No request can have more positions than there are pages for.
void fit_context(ServiceOptions& service, const EngineLoad& load) {
  const std::size_t positions = load.pages * kernels::positions_per_page;
  if (positions >= service.context) return;
  std::fprintf(stderr,
               "squall-serve: warning: the memory for keys and values holds %zu tokens, fewer than "
               "the context of %zu, which it now limits; --kv-memory gives more, --kv-format q8_0 "
               "needs half\n",
               positions, service.context);
  service.context = positions;
}

/// Warns at once; the returned line is to be printed when signals are heeded and clients served.
std::string greeting(const HttpServer& server, const ServiceOptions& service, const Model& model,
                     const InferenceEngine& engine) {
  if (!server.loopback_only() && service.api_key.empty())
    std::fprintf(stderr,
                 "squall-serve: warning: other machines can reach %s and no key is asked for; "
                 "set one with --api-key-file\n",
                 server.address().c_str());
  return "listening on http://" + server.address() + ", model " + service.model_name +
         (model.synthetic ? " (synthetic: answers are noise), " : ", ") + engine.backends().name() +
         ", " + std::to_string(engine.backends().threads()) + " threads, context " +
         std::to_string(service.context) + "\n";
}

void warn_of_few_files(std::size_t connections) {
  const std::string shortage = open_files_shortage(connections, raise_open_files_limit());
  if (!shortage.empty())
    std::fprintf(stderr, "squall-serve: warning: --max-connections: %s\n", shortage.c_str());
}

std::unique_ptr<InferenceEngine> make_engine(const Options& options,
                                             const std::shared_ptr<const Model>& model) {
  std::unique_ptr<InferenceEngine> engine;
  const std::vector<std::string> warnings = build_on_device(
      *model, options.device, device_demand(model->shape, options.engine),
      {.make_cpu = [&] { return kernels::make_cpu_backend(options.threads); },
       .find_gpus = find_gpus_beside_program},
      [&](EngineBackends backends) {
        engine = std::make_unique<InferenceEngine>(model, std::move(backends), options.engine);
      });
  for (const std::string& warning : warnings)
    std::fprintf(stderr, "squall-serve: warning: %s\n", warning.c_str());
  return engine;
}

int serve(const Options& options) {
  warn_of_few_files(options.http.connections);
  HttpServer server(options.listen, options.http);  // first: a taken port is told at once
  const auto model = load_model(model_here(options.model));
  auto wishes = service_options(options, model);
  wishes.run_aside = [&server](auto task, auto then) {
    server.run_aside(std::move(task), std::move(then));
  };
  auto engine = make_engine(options, model);
  fit_context(wishes, engine->load());
  server.post([line = greeting(server, wishes, *model, *engine)] {
    std::fputs(line.c_str(), stdout);
    std::fflush(stdout);
  });
  EngineWorker worker(std::move(engine));
  ApiService service(model, worker, std::move(wishes));
  worker.start([&server, &service](EngineReport report) {
    server.post([&service, report = std::move(report)] { service.on_report(report); });
  });
  const HttpServer::End end = server.run(service, options.drain_timeout);
  worker.stop();
  if (end.cut_off)
    std::fprintf(stderr, "squall-serve: %s\n",
                 end.hurried ? "a second signal: ended without waiting for running requests"
                             : "--drain-timeout is over: requests that still ran were cut off");
  return end.hurried ? 130 : 0;
}

int complain(const std::exception& error, int exit_code) {
  std::fprintf(stderr, "squall-serve: %s\n", error.what());
  return exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{description, "squall-serve"};
  Options options;
  add_options(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  try {
    return serve(options);
  } catch (const ModelError& error) {
    return complain(error, 2);
  } catch (const ListenError& error) {
    return complain(error, 2);
  } catch (const UsageError& error) {
    return complain(error, 2);
  } catch (const std::invalid_argument& error) {  // a device or kernels that cannot be had
    return complain(error, 2);
  } catch (const std::bad_alloc&) {
    return complain(UsageError("not enough memory; use a smaller model, or less --kv-memory"), 1);
  } catch (const std::exception& error) {
    return complain(std::runtime_error(std::string("internal error: ") + error.what()), 1);
  }
}
