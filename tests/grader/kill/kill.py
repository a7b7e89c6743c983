# SPDX-License-Identifier: MIT
"""kill.py GRADER WORK KILLS [SEED]: grades a class and kills the grader at random moments; see run."""
import glob
import json
import os
import random
import shutil
import subprocess
import sys
import time

grader, work, kills = sys.argv[1], sys.argv[2], int(sys.argv[3])
seed = int(sys.argv[4]) if len(sys.argv) > 4 else int(time.time())
root = os.getcwd()
long_form = kills > 20
chance = random.Random(seed)
course = dict(os.environ, GRADER_COURSE=root, TMPDIR=os.path.join(work, 'tmp'), LC_ALL='C.UTF-8')
failed = 0


def test(sentence, problems):
    global failed
    failed += bool(problems)
    print(('not ok - ' if problems else 'ok - ') + sentence)
    for p in problems[:12]:
        print('# ' + p)
    sys.stdout.flush()


def make_class(folder):
    reference = os.path.join(root, 'reference/lab05-sockets')
    os.makedirs(folder)
    for name in ('ann', 'bob') if not long_form else ('ann',):
        shutil.copytree(reference, os.path.join(folder, name))
    shutil.copytree(os.path.join(root, 'templates/lab05-sockets'), os.path.join(folder, 'cid'))
    os.makedirs(os.path.join(folder, 'Dan Ça_17_assignsubmission_file_'))
    shutil.make_archive(os.path.join(folder, 'Dan Ça_17_assignsubmission_file_', 'lab05'), 'zip', reference)
    if not long_form:
        return
    with open(os.path.join(folder, 'eva.c'), 'w') as f:
        f.write('int a\n')  # does not compile
    bugs = sorted(glob.glob(os.path.join(root, 'tests/lab05-sockets/bugs/*.patch')))
    for bug in chance.sample(bugs, 6):
        copy = os.path.join(folder, os.path.basename(bug)[:-6])
        shutil.copytree(reference, copy)
        subprocess.run(['patch', '-s', '-p1', '-d', copy, '-i', bug], check=True)


def run(out, *options, moment=None):
    """The exit status, as guard gives it: 137 killed, 99 and such something was left."""
    argv = [os.path.join(work, 'guard'), '-t', '1200']
    if moment is not None:
        argv += ['-m', str(moment), '-s', '9']
    argv += [os.path.join(work, 'log'), grader, 'run', 'lab05', '--class', os.path.join(work, 'class'), '--output', out]
    if not long_form:
        argv += ['--test', 'pairtalk', '--test', 'address_forms']
    with open(os.path.join(work, 'err'), 'w') as err:
        return subprocess.run(argv + list(options), env=course, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=err).returncode


def read_results(out):
    results = {}
    for name in os.listdir(out):
        if name.endswith('.json'):
            with open(os.path.join(out, name)) as f:
                results[name] = json.load(f)
    return results


def plain(result):
    return {'status': result['status'], 'score': result['score'], 'digest': result['submission']['digest'],
            'tests': {t['name']: (t['verdict'], t['score']) for t in result['tests']}}


def look(out, quiet, finished, at_once):
    """What is wrong in the folder of a killed grader; 'finished' are the bytes of what was there before."""
    problems = []
    if not os.path.isdir(out):  # killed before it was made
        return problems
    parts = 0
    for name in sorted(os.listdir(out)):
        path = os.path.join(out, name)
        with open(path, 'rb') as f:
            data = f.read()
        if name.endswith('.json'):
            try:
                if plain(json.loads(data)) != quiet[name]:
                    problems.append(f'{name} is not as without a disturbance')
            except ValueError as why:
                problems.append(f'half a result: {name}: {why}')
            if finished.setdefault(name, data) != data:
                problems.append(f'{name} was finished, and is another now')
        elif name.endswith('.journal'):
            tests = quiet[name[:-8] + '.json']['tests']
            for line in data.splitlines():
                try:
                    record = json.loads(line)
                except ValueError as why:
                    problems.append(f'half a line: {name}: {why}')
                    continue
                if 'test' in record and record['verdict'] != tests[record['test']][0]:
                    problems.append(f'{name}: {line!r} is {tests[record["test"]][0]} without a disturbance')
        elif name.endswith('.json.part'):
            parts += 1
        else:
            problems.append(f'left in the folder: {name}')
    if parts > at_once:
        problems.append(f'{parts} results that were being written')
    for name in finished:
        if not os.path.exists(os.path.join(out, name)):
            problems.append(f'{name} was finished, and is gone')
    return problems


def verdicts(out):
    """How many verdicts of tests the folder holds, in results and journals."""
    n = 0
    for path in glob.glob(os.path.join(glob.escape(out), '*.journal')):
        with open(path) as f:
            n += sum('"test"' in line for line in f)
    return n


def main():
    os.makedirs(os.path.join(work, 'tmp'))
    make_class(os.path.join(work, 'class'))
    quiet_out = os.path.join(work, 'quiet')
    start = time.monotonic()
    status = run(quiet_out)
    quiet_ms = int((time.monotonic() - start) * 1000)
    quiet = {name: plain(r) for name, r in read_results(quiet_out).items()}
    size = len(os.listdir(os.path.join(work, 'class')))
    test(f'a class of {size} without a disturbance, in {quiet_ms} ms',
         [] if status == 0 and len(quiet) == size else [f'status {status}, {len(quiet)} results', open(os.path.join(work, 'err')).read()])

    killed = rounds = kept_verdicts = 0
    while killed < kills:
        out, finished = os.path.join(work, f'out{rounds}'), {}
        rounds += 1
        while killed < kills:
            at_once = chance.choice((1, 2))
            # Moments of the start, and of any time that two submissions take.
            moment = chance.randrange(0, 2 * quiet_ms // size) if chance.random() < 0.8 else chance.randrange(0, 400)
            status = run(out, '--parallel', str(at_once), moment=moment)
            if status == 0:
                break  # it was quicker than its end
            killed += 1
            problems = [] if status == 137 else [f'status {status}', open(os.path.join(work, 'log')).read()[-500:]]
            problems += look(out, quiet, finished, at_once)
            if os.listdir(course['TMPDIR']):
                problems.append('left in TMPDIR: ' + ' '.join(os.listdir(course['TMPDIR'])))
            kept_verdicts += verdicts(out)
            test(f'kill {killed}, after {moment} ms, {at_once} at a time: {len(finished)} results and '
                 f'{verdicts(out)} verdicts in journals are whole', problems)
        status = run(out, '--parallel', '2')
        left = [n for n in os.listdir(out) if not n.endswith('.json')]
        again = {name: plain(r) for name, r in read_results(out).items()}
        test(f'round {rounds}: the next run completes the rest, with the same scores',
             ([f'status {status}'] if status else []) + [f'left: {n}' for n in left] +
             [f'{name}: {again.get(name)} instead of {quiet[name]}' for name in quiet if again.get(name) != quiet[name]])
        shutil.rmtree(out)
    print(f'# seed {seed}: {killed} kills in {rounds} rounds, {kept_verdicts} verdicts seen in journals')
    return 1 if failed else 0


sys.exit(main())
