/** Runs after each test file: what it took of the machines' transitions goes to the gate. */
import { afterAll } from '@jest/globals';
import { writeTransitions } from './transition-coverage.ts';

afterAll(writeTransitions);
