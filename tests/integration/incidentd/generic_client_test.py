#!/usr/bin/env python3
"""A client that is not ours, and has none of our protos, can use incidentd.

Goal: grpcurl, Postman, or whatever people have works with what the server
says about itself.
Method: Debian's grpcio against a real incidentd; every message is built from
the descriptors that server reflection gave. Only reflection's own protocol is
known beforehand, as any such client knows it.
"""

import ctypes
import json
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import unittest

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

INCIDENTD, REFLECTION_DESCRIPTORS = sys.argv[1:3]
WAIT_SECONDS = 60
DAY = 86400
NOON = 1772366400  # 2026-03-01 12:00 UTC
PR_SET_PDEATHSIG = 1


def make_pool(files):
    """A pool of FileDescriptorProtos, which must hold all that they import."""
    pool = descriptor_pool.DescriptorPool()
    waiting = {file.name: file for file in files}

    def add(name):
        file = waiting.pop(name, None)
        if file is None:
            return
        for imported in file.dependency:
            add(imported)
        pool.Add(file)

    for name in list(waiting):
        add(name)
    return pool


def new_message(pool, name, **fields):
    factory = message_factory.MessageFactory(pool)
    return factory.GetPrototype(pool.FindMessageTypeByName(name))(**fields)


def reflection_pool():
    files = descriptor_pb2.FileDescriptorSet()
    with open(REFLECTION_DESCRIPTORS, "rb") as file:
        files.ParseFromString(file.read())
    return make_pool(files.file)


class Client:
    """Knows an address and reflection, and learns the rest."""

    def __init__(self, channel, version):
        self.channel = channel
        self.version = version
        self.reflection = reflection_pool()
        self.pool = self._learn()

    def ask(self, **question):
        """One question to server reflection."""
        package = "grpc.reflection.v1."  # v1alpha has the same messages
        request = new_message(
            self.reflection, package + "ServerReflectionRequest", **question)
        call = self.channel.stream_stream(
            "/grpc.reflection.%s.ServerReflection/ServerReflectionInfo"
            % self.version)
        answers = list(call(iter([request.SerializeToString()]),
                            timeout=WAIT_SECONDS))
        answer = new_message(
            self.reflection, package + "ServerReflectionResponse")
        answer.ParseFromString(answers[0])
        return answer

    def services(self):
        answer = self.ask(list_services="*")
        return [one.name for one in answer.list_services_response.service]

    def _learn(self):
        symbols = [name for name in self.services()
                   if not name.startswith("grpc.reflection.")]
        files = {}
        for symbol in symbols + ["google.rpc.Status", "google.rpc.BadRequest"]:
            answer = self.ask(file_containing_symbol=symbol)
            if answer.HasField("error_response"):
                raise LookupError(answer.error_response.error_message)
            for data in answer.file_descriptor_response.file_descriptor_proto:
                file = descriptor_pb2.FileDescriptorProto.FromString(data)
                files[file.name] = file
        return make_pool(files.values())

    def call(self, service, method, fields):
        """A call; the methods that stream their answers are the Watch ones."""
        described = self.pool.FindServiceByName(service).methods_by_name[method]
        request = new_message(
            self.pool, described.input_type.full_name, **fields)
        watches = method.startswith("Watch")
        kind = self.channel.unary_stream if watches else self.channel.unary_unary
        prototype = message_factory.MessageFactory(self.pool).GetPrototype(
            described.output_type)
        return kind("/%s/%s" % (service, method),
                    request_serializer=lambda message: message.SerializeToString(),
                    response_deserializer=prototype.FromString)(
                        request, timeout=WAIT_SECONDS)

    def events(self, method, **fields):
        return self.call("secondstory.v1.EventService", method, fields)

    def outcome_names(self, response):
        values = self.pool.FindEnumTypeByName(
            "secondstory.v1.AppendOutcome").values_by_number
        return [values[one.outcome].name for one in response.outcomes]


def event(source, number, **more):
    return {"source": source, "source_event_id": str(number),
            "kind": "EVENT_KIND_ALERT_FIRED", "service": "checkout",
            "title": "alert %d" % number,
            "event_time": {"seconds": NOON + number}, **more}


class GenericClientTest(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp()
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        libc = ctypes.CDLL(None)
        # pylint: disable=consider-using-with,subprocess-popen-preexec-fn
        process = subprocess.Popen(
            [INCIDENTD, "--grpc_address=127.0.0.1:0",
             "--metrics_address=127.0.0.1:0", "--disk_free_mib_min=1",
             "--data_dir=" + cls.folder],
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
            preexec_fn=lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL))
        cls.addClassCleanup(process.stderr.close)
        cls.addClassCleanup(process.wait)
        cls.addClassCleanup(process.kill)
        port = 0
        for text in process.stderr:
            line = json.loads(text)
            if line["message"] == "listening" and line["protocol"] == "grpc":
                port = int(line["port"])
            if line["message"] == "ready":
                break
        drain = threading.Thread(target=process.stderr.read, daemon=True)
        drain.start()
        cls.addClassCleanup(drain.join)
        cls.addClassCleanup(process.kill)
        channel = grpc.insecure_channel("127.0.0.1:%d" % port)
        cls.addClassCleanup(channel.close)
        cls.channel = channel
        cls.client = Client(channel, "v1alpha")

    def bad_request(self, error):
        """The field names of the google.rpc.BadRequest in an error."""
        details = dict(error.trailing_metadata())["grpc-status-details-bin"]
        status = new_message(self.client.pool, "google.rpc.Status")
        status.ParseFromString(details)
        self.assertEqual(status.code, error.code().value[0])
        request = new_message(self.client.pool, "google.rpc.BadRequest")
        found = [one for one in status.details if one.Unpack(request)]
        self.assertEqual(len(found), 1)
        return [one.field for one in request.field_violations]

    def test_both_versions_of_reflection_tell_the_same(self):
        v1 = Client(self.channel, "v1")
        self.assertEqual(v1.services(), self.client.services())
        for service in ("secondstory.v1.EventService",
                        "secondstory.v1.CandidateService",
                        "secondstory.v1.IncidentService",
                        "grpc.health.v1.Health"):
            self.assertIn(service, v1.services())
            named = v1.pool.FindServiceByName(service)
            same = self.client.pool.FindServiceByName(service)
            self.assertEqual(list(named.methods_by_name),
                             list(same.methods_by_name))

    def test_reflection_says_when_it_does_not_know_a_symbol(self):
        answer = self.client.ask(file_containing_symbol="secondstory.v2.Event")
        self.assertEqual(answer.error_response.error_code,
                         grpc.StatusCode.NOT_FOUND.value[0])
        self.assertIn("secondstory.v2.Event",
                      answer.error_response.error_message)

    def test_says_that_it_serves(self):
        for service in ("", "secondstory.v1.EventService"):
            answer = self.client.call(
                "grpc.health.v1.Health", "Check", {"service": service})
            self.assertEqual(answer.status, 1)
        with self.assertRaises(grpc.RpcError) as caught:
            self.client.call("grpc.health.v1.Health", "Check", {"service": "x"})
        self.assertEqual(caught.exception.code(), grpc.StatusCode.NOT_FOUND)

    def test_every_event_of_a_batch_has_its_own_outcome(self):
        late = event("outcomes", 2)
        del late["event_time"]
        response = self.client.events("AppendEvents", events=[
            event("outcomes", 1), late, event("outcomes", 3),
            event("outcomes", 1)])
        self.assertEqual(self.client.outcome_names(response), [
            "APPEND_OUTCOME_STORED", "APPEND_OUTCOME_REFUSED",
            "APPEND_OUTCOME_STORED", "APPEND_OUTCOME_KNOWN"])
        self.assertEqual(response.outcomes[1].field, "event_time")
        self.assertEqual(response.outcomes[3].event_id,
                         response.outcomes[0].event_id)

    def test_events_come_back_page_by_page_as_they_were_given(self):
        self.client.events("AppendEvents", events=[
            event("pages", number, labels={"pod": "é-%d" % number})
            for number in (3, 1, 2)])
        found, token = [], ""
        while True:
            page = self.client.events("QueryEvents", sources=["pages"],
                                      page_size=2, page_token=token)
            found += page.events
            token = page.next_page_token
            if not token:
                break
        self.assertEqual([one.title for one in found],
                         ["alert 1", "alert 2", "alert 3"])
        self.assertEqual([one.labels["pod"] for one in found],
                         ["é-1", "é-2", "é-3"])
        self.assertTrue(all(one.append_time.seconds for one in found))

    def test_watching_begins_with_what_is_stored_and_goes_on_live(self):
        start = self.client.events("AppendEvents", events=[event("watch", 1)])
        stream = self.client.events(
            "WatchEvents", after_position=start.outcomes[0].position - 1)
        titles = [one.title for one in next(stream).events]
        self.client.events("AppendEvents", events=[event("watch", 2)])
        while len(titles) < 2:
            titles += [one.title for one in next(stream).events]
        stream.cancel()
        self.assertEqual(titles, ["alert 1", "alert 2"])

    def test_an_error_names_the_field(self):
        with self.assertRaises(grpc.RpcError) as caught:
            self.client.events("QueryEvents", start_time={"seconds": NOON + DAY},
                               end_time={"seconds": NOON})
        self.assertEqual(caught.exception.code(),
                         grpc.StatusCode.INVALID_ARGUMENT)
        self.assertEqual(self.bad_request(caught.exception), ["end_time"])

    def test_bytes_that_are_no_message_are_refused(self):
        call = self.channel.unary_unary(
            "/secondstory.v1.EventService/AppendEvents")
        with self.assertRaises(grpc.RpcError) as caught:
            call(b"\x0a\xff", timeout=WAIT_SECONDS)
        self.assertEqual(caught.exception.code(),
                         grpc.StatusCode.INVALID_ARGUMENT)
        self.assertIn("cannot be read", caught.exception.details())


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
