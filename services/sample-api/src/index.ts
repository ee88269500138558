export { type ProcessConfig, type ReadConfig, readConfig, type SampleApiConfig } from './config.ts'
export { type RunningSampleApi, type StartSampleApiOptions, startSampleApi } from './sample-api.ts'
